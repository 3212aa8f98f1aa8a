"""The service beside a bare FastAPI server and a stock BentoML one.

    python benchmarks/serving.py ARTIFACT [--seconds 2] [--rounds 3]

One model, one worker each, on one thread; the load comes from another process
(`serving_load.py`). Rounds are interleaved, so that what else the machine does meets
all alike; the median round is told. Processor time a request tells more than requests a
second do where the machine is not idle. Ours has keys, contract, rollout, prediction
log and metrics on; the others have none of it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.openapi.examples import example_rows
from churn_pipeline.serving.place import KEYS, service_folder
from churn_pipeline.serving.predictor import Predictor

HERE = Path(__file__).parent
CONNECTIONS = (1, 8, 64)
QUIET = ("--host", "127.0.0.1", "--port")
SERVERS = {
    "bare": ("uvicorn", "serving_peers:bare", "--factory", "--no-access-log"),
    "stock": ("bentoml", "serve", "serving_peers:Stock", "--quiet"),
    "ours": ("bentoml", "serve", "churn_pipeline.serving.service:ChurnService", "-q"),
}


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    options.artifact = str(Path(options.artifact).resolve())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        artifact = Artifact.load(options.artifact)
        row = example_rows(Predictor(artifact))[0]
        environment = {"CHURN_SERVICE_DIR": folder, "CHURN_ARTIFACT": options.artifact}
        keys = service_folder(artifact.manifest.dataset, environment) / KEYS
        key = add_key(keys, "benchmark", Role.ADMIN, rate="10000000/second")
        servers = {}
        try:
            for name in SERVERS:
                servers[name] = _start(name, row, place, environment)
            found = _measure(servers, place, key, options)
            _tell(found, {n: s[0] for n, s in servers.items()})
        finally:
            for server, _ in servers.values():
                server.terminate()
                server.wait(20)


def _start(
    name: str, row: dict[str, object], place: Path, environment: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Return a server that answers, and its port."""
    sent = {"customer": row} if name == "stock" else row
    (place / f"{name}.json").write_text(json.dumps(sent))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    begun = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", *SERVERS[name], *QUIET, str(port)],
        cwd=HERE,
        env=os.environ | environment | {"PEER": name, "BENTOML_DO_NOT_TRACK": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    probe = f"http://127.0.0.1:{port}/{'docs' if name == 'bare' else 'readyz'}"
    while not _answers(probe):
        if server.poll() is not None or time.perf_counter() - begun > 60:
            raise SystemExit(f"expected {name} to serve, it ended; run it by hand")
        time.sleep(0.02)
    sys.stdout.write(f"{name}: ready after {time.perf_counter() - begun:.1f} s\n")
    return server, port


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _measure(
    servers: dict[str, tuple[subprocess.Popen[bytes], int]],
    place: Path,
    key: str,
    options: argparse.Namespace,
) -> dict[tuple[str, int], list[dict[str, float]]]:
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for turn in range(options.rounds + 1):  # the first one warms up
        for connections in CONNECTIONS:
            for name, (server, port) in servers.items():
                body = place / f"{name}.json"
                asked = [port, connections, options.seconds, body, key]
                before = _cpu_seconds(server)
                told = _load(name, [str(part) for part in asked])
                used = _cpu_seconds(server) - before
                told["cpu_us"] = used / told["answers"] * 1e6
                if turn:
                    found.setdefault((name, connections), []).append(told)
    return found


def _cpu_seconds(server: subprocess.Popen[bytes]) -> float:
    """Return the processor time of a server and its workers."""
    process = psutil.Process(server.pid)
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def _load(name: str, asked: list[str]) -> dict[str, float]:
    command = [sys.executable, str(HERE / "serving_load.py"), *asked]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    if told["failed"]:
        raise SystemExit(f"expected answers of {name}, got {told['failed']} refusals")
    return told


def _tell(
    found: dict[tuple[str, int], list[dict[str, float]]],
    servers: dict[str, subprocess.Popen[bytes]],
) -> None:
    out = sys.stdout.write
    out(
        "| connections | server | requests/s | p50 ms | p99 ms "
        "| CPU us a request | times bare |\n"
    )
    out("|---|---|---|---|---|---|---|\n")
    for connections in CONNECTIONS:
        bare = found["bare", connections]
        for name in SERVERS:
            rounds = found[name, connections]
            middle = {k: statistics.median(r[k] for r in rounds) for k in rounds[0]}
            pairs = zip(rounds, bare, strict=True)
            ratio = statistics.median(a["per_s"] / b["per_s"] for a, b in pairs)
            out(
                f"| {connections} | {name} | {middle['per_s']:,.0f} | "
                f"{middle['p50_ms']:.2f} | {middle['p99_ms']:.2f} | "
                f"{middle['cpu_us']:.0f} | {ratio:.2f} |\n"
            )
    for name, server in servers.items():
        process = psutil.Process(server.pid)
        family = [process, *process.children(recursive=True)]
        memory = sum(member.memory_info().rss for member in family) / 2**20
        out(f"{name}: {memory:.0f} MiB in {len(family)} processes\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the service beside others.")
    parser.add_argument("artifact", help="folder of an artifact")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
