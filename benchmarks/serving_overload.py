"""Ten times the load that the service can take, while its probes are asked.

    python benchmarks/serving_overload.py ARTIFACT [--seconds 10]

First what it can take is measured (`serving_load.py`, 64 connections that each wait
for their answers); then ten times that is asked from another process, over as many
as 2,560 connections, of which each waits for its answer, and half a second after a
refusal. `/livez` is asked 20 times a
second meanwhile, and afterwards the time to the first right answer is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, deque
from pathlib import Path
from typing import cast

import psutil
import uvloop
from serving_load import request

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.openapi.examples import example_rows
from churn_pipeline.serving.place import KEYS, service_folder
from churn_pipeline.serving.predictor import Predictor

HERE = Path(__file__).parent
SERVICE = "churn_pipeline.serving.service:ChurnService"
TIMES, CONNECTIONS, OK = 10, 2_560, 200
PATIENCE_SECONDS = 0.5
"""Half of what the service asks of those whom it sends away."""
TICK_SECONDS = 0.01


class Sender(asyncio.Protocol):
    """One connection, which asks when it is told to and is idle once answered."""

    def __init__(self, request: bytes, idle: deque[Sender]) -> None:
        """Take what to send."""
        self.request, self.idle, self.buffer = request, idle, b""
        self.begun = 0.0
        self.took: list[tuple[int, float]] = []
        self.hint = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.idle.append(self)

    def ask(self) -> None:
        """Send a request."""
        self.begun = time.perf_counter()
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Take an answer once it is whole."""
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, head)
        length = int(self.buffer[at + 15 : self.buffer.find(b"\r", at)])
        if len(self.buffer) < head + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.took.append((status, time.perf_counter() - self.begun))
        if status == OK:
            self.idle.append(self)
        else:
            self.hint &= b"retry-after" in self.buffer[:head].lower()
            loop = asyncio.get_running_loop()
            loop.call_later(PATIENCE_SECONDS, self.idle.append, self)
        self.buffer = b""


async def flood(
    port: int, rate: float, seconds: float, sent: bytes
) -> dict[str, object]:
    """Ask at a rate, as far as connections are idle; return what came back."""
    loop, idle = asyncio.get_running_loop(), deque[Sender]()
    made: list[Sender] = []
    while len(made) < CONNECTIONS:  # no faster than they are accepted
        for _ in range(64):
            made.append(
                (
                    await loop.create_connection(
                        lambda: Sender(sent, idle), "127.0.0.1", port
                    )
                )[1]
            )
        await asyncio.sleep(TICK_SECONDS)
    start, due, n = time.perf_counter(), 0.0, 0
    while (passed := time.perf_counter() - start) < seconds:
        while due < rate * passed and idle:
            idle.popleft().ask()
            due, n = due + 1, n + 1
        due = max(due, rate * (passed - 0.1))  # what was not asked in time is not
        await asyncio.sleep(TICK_SECONDS)
    sending = time.perf_counter() - start
    await asyncio.sleep(1)
    took = [answer for sender in made for answer in sender.took]
    good = sorted(seconds for status, seconds in took if status == OK)
    bad = sorted(seconds for status, seconds in took if status != OK)
    for sender in made:
        sender.transport.close()
    return {
        "asked_per_s": n / sending,
        "wanted_per_s": rate,
        "statuses": Counter(str(status) for status, _ in took),
        "unanswered": n - len(took),
        "retry_after": all(sender.hint for sender in made),
        "good_per_s": len(good) / sending,
        "good_p50_ms": _at(good, 0.5),
        "good_p99_ms": _at(good, 0.99),
        "refused_p99_ms": _at(bad, 0.99),
    }


def _at(values: list[float], share: float) -> float | None:
    return values[int(len(values) * share)] * 1000 if values else None


def main() -> None:
    """Measure, and print JSON."""
    options = _options()
    if options.flood:
        port, rate, seconds, body, key = options.flood
        sent = request(Path(body).read_bytes(), key)
        uvloop.install()
        told = asyncio.run(flood(int(port), float(rate), float(seconds), sent))
        sys.stdout.write(json.dumps(told))
        return
    with tempfile.TemporaryDirectory() as folder:
        _measure(options, Path(folder))


def _measure(options: argparse.Namespace, place: Path) -> None:
    artifact = Artifact.load(options.artifact)
    body = place / "body.json"
    body.write_text(json.dumps(example_rows(Predictor(artifact))[0]))
    env = {"CHURN_SERVICE_DIR": str(place), "CHURN_ARTIFACT": options.artifact}
    keys = service_folder(artifact.manifest.dataset, env) / KEYS
    key = add_key(keys, "overload", Role.ADMIN, rate="100000000/second")
    server = subprocess.Popen(
        [sys.executable, "-m", "bentoml", "serve", SERVICE, "-q", "--port", "3819"],
        env=os.environ | env,
    )
    try:
        _until_right(3819, body.read_bytes(), key)
        able = _run("serving_load.py", 3819, 64, options.seconds, body, key)
        before = _memory(server)
        rate = TIMES * float(able["per_s"])
        asked = (3819, rate, options.seconds, body, key)
        command = [sys.executable, __file__, options.artifact, "--flood"]
        storm = subprocess.Popen(
            [*command, *map(str, asked)], stdout=subprocess.PIPE, text=True
        )
        probes = _probe(3819, storm)
        said = storm.communicate()[0]
        back = _until_right(3819, body.read_bytes(), key)
        told = {
            "able": able,
            "storm": json.loads(said),
            "livez": probes,
            "first_right_answer_after_ms": back * 1000,
            "memory_mib": [before, _memory(server)],
            "after": _run("serving_load.py", 3819, 64, 2, body, key),
        }
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    finally:
        server.terminate()
        server.wait(20)


def _run(script: str, *asked: object) -> dict[str, float]:
    command = [sys.executable, str(HERE / script), *map(str, asked)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _probe(port: int, storm: subprocess.Popen[str]) -> dict[str, float]:
    """Ask /livez 20 times a second while the storm goes on."""
    took, failed = [], 0
    while storm.poll() is None:
        begun = time.perf_counter()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5):
                took.append(time.perf_counter() - begun)
        except OSError:
            failed += 1
        time.sleep(0.05)
    took.sort()
    worst = took[-1] * 1000 if took else 0.0
    return {
        "asked": len(took) + failed,
        "failed": failed,
        "p50_ms": _at(took, 0.5) or 0.0,
        "p99_ms": _at(took, 0.99) or 0.0,
        "worst_ms": worst,
    }


def _until_right(port: int, body: bytes, key: str) -> float:
    begun = time.perf_counter()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body)
    asked.add_header("X-API-Key", key)
    asked.add_header("Content-Type", "application/json")
    while time.perf_counter() - begun < 60:
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return time.perf_counter() - begun
        except OSError:
            time.sleep(0.02)
    raise SystemExit("expected an answer within 60 s, got none")


def _memory(server: subprocess.Popen[bytes]) -> float:
    family = psutil.Process(server.pid)
    members = [family, *family.children(recursive=True)]
    return sum(member.memory_info().rss for member in members) / 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the service when overloaded.")
    parser.add_argument("artifact", help="folder of an artifact")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--flood", nargs=5, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
