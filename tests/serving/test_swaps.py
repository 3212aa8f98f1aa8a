"""Fifty releases under load, on a real server in a process of its own."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import httpx

from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.place import KEYS, service_folder
from tests.factories import tiny_artifact
from tests.serving.apps import GOOD

SWAPS = 50
VERSIONS = ("v1", "v2", "v3")
RUN = """
import sys, uvicorn
from churn_pipeline.serving import app as module
from churn_pipeline.serving.assemble import assemble
module.REFRESH_SECONDS = 0.02
uvicorn.run(module.App(assemble()), fd=int(sys.argv[1]), log_level="error")
"""


def test_fifty_swaps_under_load_fail_no_request_and_mix_no_models(tmp_path):
    store = ModelStore(tmp_path / "data/06_models/company")
    expected = {}
    for seed, version in enumerate(VERSIONS):
        artifact = tiny_artifact(version, seed)
        record = Record(version=version, family="logistic", gate="approved", metrics={})
        store.add(artifact, record)
        (expected[version],) = artifact.predict({n: [v] for n, v in GOOD.items()})
    assert len(set(expected.values())) == len(VERSIONS)
    store.point_to("v1")
    key = add_key(
        service_folder("tiny", {"CHURN_SERVICE_DIR": str(tmp_path / "service")}) / KEYS,
        *("load", Role.ADMIN),
        rate="1000000/second",
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = subprocess.Popen(
            [sys.executable, "-c", RUN, str(listening.fileno())],
            cwd=tmp_path,
            env=os.environ | {"CHURN_SERVICE_DIR": str(tmp_path / "service")},
            pass_fds=[listening.fileno()],
        )
    answers, over = [], threading.Event()

    def ask():
        with httpx.Client(base_url=address, headers={"X-API-Key": key}) as client:
            while not over.is_set():
                answers.append(client.post("/predict", json=GOOD, timeout=30))

    try:
        _serves(address, "v1")
        load = [threading.Thread(target=ask) for _ in range(4)]
        for thread in load:
            thread.start()
        for swap in range(1, SWAPS + 1):
            version = VERSIONS[swap % len(VERSIONS)]
            store.point_to(version)
            _serves(address, version)
        over.set()
        for thread in load:
            thread.join()
    finally:
        over.set()
        server.terminate()
        server.wait(15)
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert all(
        one["churn_probability"] == expected[one["model_version"]] for one in told
    )
    assert {one["model_version"] for one in told} == set(VERSIONS)


def _serves(address, version, seconds=60):
    """Wait until a version answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):  # still starting
            ready = httpx.get(f"{address}/readyz", timeout=30).json()
            if ready["model_version"] == version:
                return
    raise AssertionError(f"{version} does not serve after {seconds} s")
