"""Triton's own clients, over TLS, of a real server; they have their own environment."""

import json
import os
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from typing import NamedTuple

import httpx
import pytest

from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.place import KEYS
from tests.conftest import ROOT
from tests.factories import tiny_artifact, tiny_columns
from tests.ports import free_port
from tests.serving.certificate import certificate

pytest.importorskip("grpc", reason="needs the grpc extra")
TRITON = ROOT / ".venv/triton/bin/python"
CLIENT = ROOT / "tests/serving/oip/triton_client.py"
OUTPUTS = ["churn_probability", "decision", "kept_aside", "threshold"]
OUTPUTS += ["model_version", "variant"]
GOOD = {"tenure_months": [3.0], "monthly_charge": [20.5], "plan": ["basic"]}


class Running(NamedTuple):
    """A server.

    Attributes:
        ports: Protocol -> port.
        key: That may all.
        certificate: To trust.
        http: Client of `/predict`.
    """

    ports: dict[str, int]
    key: str
    certificate: str
    http: httpx.Client


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The service in a process of its own, which speaks TLS alone."""
    if not TRITON.exists():
        pytest.skip("needs Triton's client: make .venv/triton/ready")
    folder = tmp_path_factory.mktemp("served")
    pair = certificate(folder)
    tiny_artifact().save(folder / "artifact")
    key = add_key(folder / "service/tiny" / KEYS, "tests", Role.ADMIN)
    ports = {"http": free_port(), "grpc": free_port()}
    given = {
        "CHURN_ARTIFACT": str(folder / "artifact"),
        "CHURN_SERVICE_DIR": str(folder / "service"),
        "CHURN_GRPC_PORT": str(ports["grpc"]),
        "CHURN_TLS_CERT": pair[0],
        "CHURN_TLS_KEY": pair[1],
    }
    command = ["-m", "churn_pipeline.serving", "--port", str(ports["http"])]
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"https://127.0.0.1:{ports['http']}"
    trust = ssl.create_default_context(cafile=pair[0])
    headers = {"X-API-Key": key}
    try:
        with httpx.Client(base_url=address, verify=trust, headers=headers) as http:
            _wait_until_ready(http, process)
            yield Running(ports, key, pair[0], http)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _wait_until_ready(http, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):  # not listening yet
            if http.get("/readyz").status_code == 200:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
            raise RuntimeError(f"the server ended: {process.communicate()[1]}")
    raise RuntimeError(f"expected a server within {seconds} s, got none")


@pytest.fixture(scope="module", params=["http", "grpc"])
def ask(request, server):
    """Ask the client of one protocol: `ask("infer", name="tiny", ...)`."""
    address = f"127.0.0.1:{server.ports[request.param]}"
    given = [request.param, address, server.key, server.certificate]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    client = subprocess.Popen(
        [TRITON, CLIENT, *given],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def asked(do, **what):
        """Return the answer."""
        client.stdin.write(json.dumps({"do": do} | what) + "\n")
        client.stdin.flush()
        return json.loads(client.stdout.readline())

    yield asked
    client.communicate()


def test_server_and_model_say_that_they_are_there_and_ready(ask):
    assert ask("live") == ask("ready") == {"is": True}
    assert ask("model_ready", name="tiny") == {"is": True}
    assert ask("server")["is"]["name"] == "churn"


def test_the_model_tells_its_inputs_and_outputs(ask):
    told = ask("model", name="tiny")["is"]
    assert {given["name"] for given in told["inputs"]} == {*GOOD, "customer_id"}
    assert [given["name"] for given in told["outputs"]] == OUTPUTS


def test_one_row_is_answered_as_by_predict_to_the_bit(ask, server):
    row = {name: value for name, (value,) in GOOD.items()} | {"customer_id": "C-1"}
    told = server.http.post("/predict", json=row).json()
    columns = GOOD | {"customer_id": ["C-1"]}
    answer = ask("infer", name="tiny", columns=columns, outputs=OUTPUTS)["is"]
    assert answer == {name: [told[name]] for name in OUTPUTS}


def test_many_rows_are_answered_as_by_predict_batch_to_the_bit(ask, server):
    columns = tiny_columns(300, seed=4)
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    told = server.http.post("/predict_batch", json=rows).json()["predictions"]
    missing = {"plan": ""}
    filled = {
        name: [missing.get(name, float("nan")) if v is None else v for v in column]
        for name, column in columns.items()
    }
    answer = ask("infer", name="tiny", columns=filled, outputs=OUTPUTS)["is"]
    assert answer["churn_probability"] == [one["churn_probability"] for one in told]
    assert answer["decision"] == [one["decision"] for one in told]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"columns": GOOD | {"tenure_months": [500.0]}}, "0 to 120"),
        ({"columns": {"plan": ["basic"]}}, "no such field"),
        ({"name": "other"}, "the model tiny"),
        ({"headers": {"x-api-key": "wrong"}}, "key"),
    ],
)
def test_a_refusal_says_what_was_expected(ask, change, told):
    question = {"name": "tiny", "columns": GOOD, "outputs": OUTPUTS} | change
    assert told in ask("infer", **question)["refused"]
