"""What the door of the service costs a request, beside the `limits` library's own.

Run: python benchmarks/access.py (seconds). Microseconds, the best of five rounds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from timeit import repeat

from limits import RateLimitItemPerMinute, strategies
from limits.storage import MemoryStorage

from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.access.keys import add_key
from churn_pipeline.serving.access.roles import Role, require
from churn_pipeline.serving.refusal import Refusal

CALLS = 20_000
HEADERS = [
    (b"host", b"localhost:3000"),
    (b"user-agent", b"python-httpx/0.28"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"connection", b"keep-alive"),
    (b"content-type", b"application/json"),
    (b"content-length", b"600"),
]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        for what, work in {**ours(Path(folder)), **theirs()}.items():
            seconds = min(repeat(work, number=CALLS, repeat=5)) / CALLS
            print(f"{what:<42}{seconds * 1e6:>8.2f}")


def ours(folder: Path) -> dict[str, Callable[[], object]]:
    """Return what a request meets, with 100 keys."""
    for number in range(1, 100):
        add_key(folder / "keys.json", f"other-{number}", Role.PREDICT)
    often = "1000000000/minute"
    key = add_key(folder / "keys.json", "desk", Role.PREDICT, rate=often).encode()
    access, headers = Access(folder, {}), [*HEADERS, (b"x-api-key", key)]
    caller = access.keys.caller(key)
    return {
        "admit": lambda: access.admit(headers, "127.0.0.1", "/predict"),
        "  its key": lambda: access.keys.caller(key),
        "  its role": lambda: require(caller, "/predict"),
        "  its limit": lambda: access.limits.hit(caller),
        "refuse a stranger, write or count it": lambda: _refused(access),
    }


def theirs() -> dict[str, Callable[[], object]]:
    """Return a hit of each strategy of `limits` in memory."""
    item, storage = RateLimitItemPerMinute(1_000_000_000), MemoryStorage()
    known = (
        strategies.FixedWindowRateLimiter(storage),
        strategies.SlidingWindowCounterRateLimiter(storage),
    )
    return {
        f"limits: {type(one).__name__}": lambda one=one: one.hit(item, "0" * 16)
        for one in known
    }


def _refused(access: Access) -> None:
    with suppress(Refusal):
        access.admit(HEADERS, "127.0.0.1", "/predict")


if __name__ == "__main__":
    main()
