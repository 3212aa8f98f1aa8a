"""A process that logs answers until it is killed, telling what is a second old."""

from __future__ import annotations

import sys
import time
from collections import deque

from churn_pipeline.serving.journal.writer import Journal
from tests.serving.journal.made import batch, entry


def main(url: str, name: str) -> None:
    """Log without end; print the number of requests logged over a second ago."""
    journal = Journal(url)
    logged: deque[tuple[float, int]] = deque()
    number = 0
    while True:
        now = time.monotonic()
        for _ in range(50):
            journal.add([entry(f"{name}-{number}", time_ns=time.time_ns())])
            number += 1
        if number % 5_000 == 0:
            journal.add_batch(batch(f"{name}-{number}", ["a"] * 500))
            number += 1
        logged.append((now, number))
        safe = None
        while logged and now - logged[0][0] > 1:
            safe = logged.popleft()[1]
        if safe is not None:
            sys.stdout.write(f"{safe}\n")
            sys.stdout.flush()
        while journal.counts.waiting > 5_000:  # no faster than it is written
            time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
