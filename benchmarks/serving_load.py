"""A load of requests over kept-alive connections, each waiting for its answer.

    python benchmarks/serving_load.py PORT CONNECTIONS SECONDS BODY KEY

Prints JSON: answers a second, p50 and p99 in ms, and how many were no 200.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import uvloop


class Client(asyncio.Protocol):
    """One connection that asks again once it is answered."""

    def __init__(self, request: bytes, until: float, took: list[float]) -> None:
        """Ask until then, and keep how long each answer took."""
        self.request, self.until, self.took = request, until, took
        self.failed, self.begun, self.buffer = 0, 0.0, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self.transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take an answer once it is whole, and ask again."""
        self.buffer = self.buffer + data if self.buffer else data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, head)
        length = int(self.buffer[at + 15 : self.buffer.find(b"\r", at)])
        if len(self.buffer) < head + 4 + length:
            return
        now = time.perf_counter()
        self.took.append(now - self.begun)
        self.failed += not self.buffer.startswith(b"HTTP/1.1 200")
        self.buffer = b""
        if now < self.until:
            self._ask()
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that it is over."""
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        self.begun = time.perf_counter()
        self.transport.write(self.request)


async def load(port: int, connections: int, seconds: float, request: bytes) -> str:
    """Return what was measured, as JSON."""
    loop, took = asyncio.get_running_loop(), list[float]()
    start = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: Client(request, start + seconds, took), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    elapsed = time.perf_counter() - start
    took.sort()
    return json.dumps(
        {
            "answers": len(took),
            "per_s": len(took) / elapsed,
            "p50_ms": took[len(took) // 2] * 1000,
            "p99_ms": took[int(len(took) * 0.99)] * 1000,
            "failed": sum(client.failed for _, client in made),
        }
    )


def request(body: bytes, key: str) -> bytes:
    """Return the bytes of a POST to /predict."""
    head = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    head += f"X-API-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    port, connections, seconds, body, key = sys.argv[1:6]
    sent = request(Path(body).read_bytes(), key)
    uvloop.install()
    told = asyncio.run(load(int(port), int(connections), float(seconds), sent))
    sys.stdout.write(told + "\n")
