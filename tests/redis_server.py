"""A Redis of its own on loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ports import free_port


class Redis(NamedTuple):
    """A server that runs.

    Attributes:
        url: Its address, with the password `hidden`.
        process: To kill in the middle of a test.
    """

    url: str
    process: subprocess.Popen[str]


@contextmanager
def redis_server(folder: Path, port: int | None = None) -> Iterator[Redis]:
    """Start a server and yield it; end it afterwards.

    Args:
        folder: Where it works; it keeps nothing.
        port: Where it listens; None takes a free one.
    """
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs Redis: apt-get install redis-server")
    port = port or free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(
        [program, *options, "--requirepass", "hidden"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        while "Ready to accept connections" not in server.stdout.readline():
            if server.poll() is not None:
                raise RuntimeError(f"expected Redis at port {port}, it ended")
        yield Redis(f"redis://:hidden@127.0.0.1:{port}", server)
    finally:
        server.kill()
        server.communicate()
