"""Real servers: the service of a checkout, and a bento in an empty folder."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import httpx
import pytest
import yaml

from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.place import KEYS, service_folder
from tests.conftest import ROOT
from tests.factories import tiny_artifact, tiny_columns

SERVICE = "churn_pipeline.serving.service:ChurnService"
HEAVY = ("torch", "pandas", "mlflow", "pytorch_lightning", "kedro", "ibis", "sklearn")


def _release(folder, dataset, *versions):
    store = ModelStore(folder / "data/06_models" / dataset)
    for version in versions:
        record = Record(version=version, family="net", gate="approved", metrics={})
        store.add(tiny_artifact(version), record)
        store.point_to(version)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout's files with a champion in it."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "bentofile.yaml", folder)
    shutil.copytree(ROOT / "src" / "churn_pipeline", folder / "src" / "churn_pipeline")
    _release(folder, "company", tiny_artifact().manifest.version)
    return folder


@pytest.fixture(scope="module")
def bento(checkout, tmp_path_factory):
    """The bento of a project that had a champion before."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(checkout, folder, dirs_exist_ok=True)
    _release(folder, "company", "former", tiny_artifact().manifest.version)
    home = tmp_path_factory.mktemp("bentoml")
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "build"],
        cwd=folder,
        env=os.environ | {"BENTOML_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = (path.parent for path in home.glob("bentos/churn/*/bento.yaml"))
    return made


@contextmanager
def _serving(arguments, cwd, **env):
    """Run a server in a process of its own, and end it."""
    keys = service_folder("tiny", {"CHURN_SERVICE_DIR": str(cwd / "service")}) / KEYS
    key = add_key(keys, "tests", Role.ADMIN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", *arguments, "--port", str(port)],
        cwd=cwd,
        env=os.environ | env | {"CHURN_SERVICE_DIR": str(cwd / "service")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(address, server)
        with httpx.Client(base_url=address, headers={"X-API-Key": key}) as client:
            client.server, client.key = server, key
            yield client
    finally:
        try:
            if server.returncode is None:
                server.send_signal(signal.SIGINT)
                server.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()


def _wait_until_ready(address, server, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):  # not listening yet
            if httpx.get(f"{address}/readyz", timeout=1).status_code == 200:
                return
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.05)
            raise AssertionError(f"the server ended: {server.communicate()[0]}")
    raise AssertionError(f"not ready within {seconds} s")


def _answers(client):
    """Return what a server says of 50 customers, of one, and of a wrong cell."""
    columns = tiny_columns(50, seed=9)
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    answer = client.post("/predict_batch", json=rows).json()
    served = [row["churn_probability"] for row in answer["predictions"]]
    one = client.post("/predict", json=rows[0]).json()
    refused = client.post("/predict", json=rows[0] | {"plan": 3})
    return {
        "model_version": answer["predictions"][0]["model_version"],
        "probabilities": served,
        "one alone, less the same among 50": one["churn_probability"] - served[0],
        "refused": (refused.status_code, refused.json()["field"]),
        "pages": [client.get(page).status_code for page in ("/livez", "/docs")],
        "describes /predict": "/predict" in client.get("/docs.json").json()["paths"],
    }


def _answers_of_the_artifact():
    """Return what `_answers` of a server of `tiny_artifact` are."""
    artifact = tiny_artifact()
    probabilities = artifact.predict(tiny_columns(50, seed=9)).tolist()
    return {
        "model_version": artifact.manifest.version,
        "probabilities": pytest.approx(probabilities, abs=1e-6),
        "one alone, less the same among 50": pytest.approx(0, abs=1e-12),
        "refused": (422, "plan"),
        "pages": [200, 200],
        "describes /predict": True,
    }


def test_the_service_is_ready_only_with_a_model_that_passed_its_checks(
    checkout, tmp_path
):
    shutil.copytree(checkout / "data", tmp_path / "data")
    program = (
        f"from {SERVICE.split(':', maxsplit=1)[0]} import ChurnService, application\n"
        "ChurnService.inner()\n"
        "assert application().parts.models.champion.version\n"
        "import gc\n"
        "assert gc.get_freeze_count() > 10_000  # modules, which nothing walks again\n"
    )
    command = [sys.executable, "-c", program]
    env = os.environ | {"BENTOML_HOME": str(tmp_path / "home")}
    subprocess.run(command, cwd=tmp_path, env=env, check=True)
    (golden,) = tmp_path.glob("data/06_models/company/released/*/golden.json")
    golden.write_text("{}")
    failed = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert "expected golden.json with sha256" in failed.stderr


def test_a_wrong_port_of_grpc_is_told_in_one_line_before_anything_starts(tmp_path):
    command = [sys.executable, "-m", "churn_pipeline.serving", "--port", "0"]
    env = os.environ | {"CHURN_GRPC_PORT": "70000", "CHURN_DATASET": "tiny"}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("expected a port from 1 to 65535 in CHURN_GRPC_PORT")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("rollout.json", "{", "expected the state of a rollout"),
        ("pseudonym.key", "a key of 16 bytes or more", "expected ids as they came"),
    ],
)
def test_what_the_workers_would_fail_on_is_told_before_they_start(
    checkout, tmp_path, name, content, told
):
    shutil.copytree(checkout / "data", tmp_path / "data")
    folder = tmp_path / "data/09_service/tiny"
    folder.mkdir(parents=True, exist_ok=True)
    connect(f"sqlite:///{folder / 'journal.db'}").close()
    (folder / name).write_text(content)
    command = [sys.executable, "-m", "churn_pipeline.serving", "--port", "0"]
    env = os.environ | {"CHURN_DATASET": "company"}
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_make_serve_answers_from_the_champion(checkout, tmp_path):
    shutil.copytree(ROOT / "conf/base", tmp_path / "conf/base")
    shutil.copytree(checkout / "data", tmp_path / "data")
    command = ["churn_pipeline.serving", "--env", "local"]
    with _serving(command, tmp_path, BENTOML_HOME=str(tmp_path / "home")) as client:
        assert _answers(client) == _answers_of_the_artifact()


def test_a_server_asked_to_end_finishes_what_it_is_answering(checkout, tmp_path):
    shutil.copytree(ROOT / "conf/base", tmp_path / "conf/base")
    shutil.copytree(checkout / "data", tmp_path / "data")
    body = json.dumps({"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"})
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
    home = str(tmp_path / "home")
    with _serving(["churn_pipeline.serving"], tmp_path, BENTOML_HOME=home) as client:
        port = client.base_url.port
        with socket.create_connection(("127.0.0.1", port), timeout=15) as begun:
            key = f"X-API-Key: {client.key}\r\n\r\n"
            begun.sendall((head + key + body[:5]).encode())
            assert client.get("/livez").status_code == 200  # it has read the head
            client.close()
            client.server.send_signal(signal.SIGTERM)
            begun.sendall(body[5:].encode())
            assert begun.recv(100).startswith(b"HTTP/1.1 200")
        said, _ = client.server.communicate(timeout=15)
    assert client.server.returncode == 0
    version = tiny_artifact().manifest.version
    address = f"http://127.0.0.1:{port}"
    first, warned = said.splitlines()
    assert first == (
        f"serving tiny, model {version}, at {address} (contract: {address}/docs)"
    )
    none = "nobody is kept aside: no campaign in data/07_model_output/tiny yet"
    assert warned.endswith(none)


def test_a_bento_serves_from_an_empty_folder(bento, tmp_path):
    alone = tmp_path / "bento"
    shutil.copytree(bento, alone)
    empty = tmp_path / "empty"
    empty.mkdir()
    command = ["bentoml", "serve", str(alone), "--host", "127.0.0.1"]
    with _serving(command, empty, BENTOML_HOME=str(tmp_path / "home")) as client:
        assert _answers(client) == _answers_of_the_artifact()


def test_a_bento_needs_nothing_of_the_project_and_nothing_heavy(bento, tmp_path):
    program = (
        "import sys, json; sys.path.insert(0, sys.argv[1])\n"
        f"import {SERVICE.split(':', maxsplit=1)[0]} as service\n"
        "service.ChurnService.inner()\n"
        "files = {n: getattr(m, '__file__', None) for n, m in sys.modules.items()}\n"
        "print(json.dumps(files))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(bento / "src")],
        cwd=tmp_path,
        env=os.environ | {"BENTOML_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    files = json.loads(done.stdout.splitlines()[-1])
    ours = [path for name, path in files.items() if name.startswith("churn_pipeline")]
    assert ours
    assert all(path.startswith(str(bento)) for path in ours)
    assert not [name for name in HEAVY if name in files]


def test_a_bento_holds_the_champion_and_no_former_one(bento):
    data = bento / "src/data"
    held = {str(path.relative_to(data)) for path in data.rglob("*") if path.is_file()}
    version = tiny_artifact().manifest.version
    names = ("golden.json", "manifest.json", "model.onnx")
    names += ("record.json", "reference.json", "weights.safetensors")
    released = {f"06_models/company/released/{version}/{name}" for name in names}
    assert held == {"06_models/company/champion.json", *released}


def test_a_bento_has_the_packages_of_the_lock():
    packages = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["python"]
    locked = (ROOT / "requirements.lock").read_text().splitlines()
    names = [package.split("==")[0] for package in packages["packages"]]
    assert names == [
        *("bentoml", "grpcio", "httptools", "Jinja2", "limits", "msgspec", "numpy"),
        *("onnxruntime", "protobuf", "psycopg", "psycopg-binary", "pyarrow"),
        *("pydantic", "redis", "uvloop"),
    ]
    assert set(packages["packages"]) <= set(locked)


def test_two_workers_are_counted_as_one_server(tmp_path):
    tiny_artifact().save(tmp_path / "artifact")
    env = {
        "CHURN_ARTIFACT": str(tmp_path / "artifact"),
        "BENTOML_CONFIG_OPTIONS": "services.churn.workers=2",
    }
    row = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
    with _serving(["churn_pipeline.serving"], tmp_path, **env) as client:
        both = _metrics(client, "churn_workers", 2)
        for _ in range(20):
            client.post("/predict", json=row, headers={"Connection": "close"})
        counted = _metrics(client, "churn_predictions_total", 20)
    assert (both["churn_workers"], counted["churn_predictions_total"]) == (2, 20)
    size = shutil.disk_usage(tmp_path).total
    assert counted["churn_storage_size_bytes"] == size  # not twice that


@pytest.mark.parametrize(
    ("trusted", "told"),
    [({}, "127.0.0.1"), ({"FORWARDED_ALLOW_IPS": "127.0.0.1"}, "6.6.6.6")],
)
def test_nobody_tells_another_address_but_a_proxy_that_is_named(
    tmp_path, monkeypatch, trusted, told
):
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    tiny_artifact().save(tmp_path / "artifact")
    env = {"CHURN_ARTIFACT": str(tmp_path / "artifact"), **trusted}
    with _serving(["churn_pipeline.serving"], tmp_path, **env) as client:
        for path in ("/predict", "/model"):
            headers = {"X-API-Key": "wrong", "X-Forwarded-For": "6.6.6.6"}
            assert client.post(path, json={}, headers=headers).status_code == 401
    log = tmp_path / "service" / "tiny" / "security.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["address"] for line in lines} == {told}


def _metrics(client, name, wanted, seconds=20):
    """Return the metrics, as soon as one of them is what it should come to."""
    deadline = time.monotonic() + seconds
    while True:
        lines = client.get("/metrics").text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if line[:1] != "#")
        found = {key.partition("{")[0]: float(value) for key, _, value in pairs}
        if found.get(name) == wanted or time.monotonic() > deadline:
            return found
