"""Ten times the load that the service can take, while its probes are asked.

    python benchmarks/serving_overload.py ARTIFACT [--seconds 10] [--rounds 1]

First what it can take is measured (`serving_load.py`, 64 connections that each wait
for their answers); then ten times that is asked from other processes
(`serving_storm.py`), over connections of which each waits for its answer, and some
time after a refusal. `/livez` is asked 20 times a second meanwhile, and afterwards the
time to the first right answer is taken. `--beside FOLDER` measures the service in
another folder's `src` too, round by round, so that what else the machine does meets
both alike.
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
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from churn_pipeline.release.artifact import Artifact
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role
from churn_pipeline.serving.openapi.examples import example_rows
from churn_pipeline.serving.place import KEYS, service_folder
from churn_pipeline.serving.predictor import Predictor

HERE = Path(__file__).parent
SERVICE = "churn_pipeline.serving.service:ChurnService"


def _at(values: list[float], share: float) -> float | None:
    return values[int(len(values) * share)] * 1000 if values else None


class _Told:
    """A script of this folder that runs; it prints JSON into a file, not a pipe."""

    def __init__(self, script: str, asked: Iterable[object]) -> None:
        self._out = tempfile.TemporaryFile()
        command = [sys.executable, str(HERE / script), *map(str, asked)]
        self.process = subprocess.Popen(command, stdout=self._out)

    def result(self) -> Any:
        """Return what it printed, once it has ended."""
        if self.process.wait(600):
            raise SystemExit(f"expected figures of {self.process.args!r}, got none")
        with self._out:
            self._out.seek(0)
            return json.loads(self._out.read())


@dataclass(frozen=True)
class Served:
    """A service that answers, and what it is asked."""

    server: subprocess.Popen[bytes]
    port: int
    body: Path
    key: str

    def able(self, seconds: float) -> dict[str, float]:
        """Return what it answers to 64 connections."""
        asked = (self.port, 64, seconds, self.body, self.key)
        told: dict[str, float] = _Told("serving_load.py", asked).result()
        return told

    def storm(self, rate: float, options: argparse.Namespace) -> list[_Told]:
        """Let several processes ask; return them."""
        n, senders = options.connections // options.senders, options.senders
        asked = (self.port, rate / senders, options.seconds, n, options.patience)
        return [
            _Told("serving_storm.py", (*asked, self.body, self.key))
            for _ in range(senders)
        ]

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used."""
        times = [member.cpu_times() for member in _family(self.server)]
        return sum(time.user + time.system for time in times)


def main() -> None:
    """Measure, and print JSON."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        sources = {"ours": None} | (
            {"beside": options.beside} if options.beside else {}
        )
        told: dict[str, list[dict[str, Any]]] = {name: [] for name in sources}
        for number in range(options.rounds):
            for name, source in sources.items():
                place = Path(folder) / f"{name}{number}"
                place.mkdir()
                with _serving(options.artifact, place, source) as served:
                    told[name].append(_round(served, options))
    for name, rounds in told.items():
        sys.stdout.write(json.dumps({name: rounds}, indent=1) + "\n")
        sys.stdout.write(json.dumps({name: _middle(rounds)}, indent=1) + "\n")


def _round(served: Served, options: argparse.Namespace) -> dict[str, Any]:
    """Measure what it can take, and what it does when asked for more."""
    able = served.able(options.seconds)
    before, used = _memory(served.server), served.cpu_seconds()
    senders = served.storm(options.times * able["per_s"], options)
    probes = _probe(served.port, senders)
    found = _together([one.result() for one in senders])
    used = served.cpu_seconds() - used
    back = _until_right(served)
    return {
        "able_per_s": able["per_s"],
        "able_p50_ms": able["p50_ms"],
        "able_p99_ms": able["p99_ms"],
        **found,
        "times_asked": found["asked_per_s"] / able["per_s"],
        "server_cpu_s": used,
        "livez": probes,
        "first_right_answer_after_ms": back * 1000,
        "memory_mib": [before, _memory(served.server)],
        "after_p99_ms": served.able(2)["p99_ms"],
    }


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what several senders heard as one."""
    good = sorted(taken for part in parts for taken in part["good"])
    bad = sorted(taken for part in parts for taken in part["bad"])
    seconds = max(part["seconds"] for part in parts)
    return {
        "asked_per_s": sum(part["asked"] for part in parts) / seconds,
        "statuses": sum((Counter(part["statuses"]) for part in parts), Counter()),
        "unanswered": sum(part["unanswered"] for part in parts),
        "cut": sum(part["cut"] for part in parts),
        "retry_after": all(part["retry_after"] for part in parts),
        "good_per_s": len(good) / seconds,
        "good_p50_ms": _at(good, 0.5),
        "good_p99_ms": _at(good, 0.99),
        "refused_p50_ms": _at(bad, 0.5),
        "refused_p99_ms": _at(bad, 0.99),
    }


def _middle(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {
        name: statistics.median(told[name] or 0.0 for told in rounds)
        for name, first in rounds[0].items()
        if isinstance(first, float | None)
    }


@contextmanager
def _serving(artifact: str, place: Path, source: str | None) -> Iterator[Served]:
    """Start a service, of the package in a folder where one is named."""
    loaded = Artifact.load(artifact)
    body = place / "body.json"
    body.write_text(json.dumps(example_rows(Predictor(loaded))[0]))
    env = {"CHURN_SERVICE_DIR": str(place), "CHURN_ARTIFACT": artifact}
    keys = service_folder(loaded.manifest.dataset, env) / KEYS
    key = add_key(keys, "overload", Role.ADMIN, rate="100000000/second")
    if source is not None:
        env["PYTHONPATH"] = str(Path(source) / "src")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "bentoml", "serve", SERVICE, "-q", "--port", str(port)],
        env=os.environ | env,
    )
    try:
        served = Served(server, port, body, key)
        _until_right(served)
        yield served
    finally:
        server.terminate()
        server.wait(20)


def _probe(port: int, senders: list[_Told]) -> dict[str, float]:
    """Ask /livez 20 times a second while the storm goes on."""
    took, failed = [], 0
    while any(one.process.poll() is None for one in senders):
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


def _until_right(served: Served) -> float:
    begun = time.perf_counter()
    address = f"http://127.0.0.1:{served.port}/predict"
    asked = urllib.request.Request(address, served.body.read_bytes())
    asked.add_header("X-API-Key", served.key)
    asked.add_header("Content-Type", "application/json")
    while time.perf_counter() - begun < 60:
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return time.perf_counter() - begun
        except OSError:
            time.sleep(0.02)
    raise SystemExit("expected an answer within 60 s, got none")


def _family(server: subprocess.Popen[bytes]) -> list[psutil.Process]:
    first = psutil.Process(server.pid)
    return [first, *first.children(recursive=True)]


def _memory(server: subprocess.Popen[bytes]) -> float:
    return sum(member.memory_info().rss for member in _family(server)) / 2**20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the service when overloaded.")
    parser.add_argument("artifact", help="folder of an artifact")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--senders", type=int, default=2)
    parser.add_argument("--connections", type=int, default=2_560)
    parser.add_argument("--patience", type=float, default=1, help="seconds")
    parser.add_argument("--beside", help="another folder of the project")
    return parser.parse_args()


if __name__ == "__main__":
    main()
