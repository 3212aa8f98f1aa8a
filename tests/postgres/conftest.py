"""A PostgreSQL server of its own: a fresh cluster on a free port of loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

_USER = "postgres"


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: On loopback.
        password: Of its only user.
    """

    port: int
    password: str

    def new_database(self, name: str) -> str:
        """Make a database and return its URL."""
        with psycopg.connect(self._url(_USER), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Yield a server; end it by the id in its own file."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    # Not pytest's folder: PostgreSQL's user has to reach it.
    folder = Path(tempfile.mkdtemp(prefix="churn-postgres-"))
    try:
        server, data = _start(programs[-1], folder)
        process = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        try:
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # ends its connections too
            process.wait(30)
    finally:
        shutil.rmtree(folder)


def _start(programs: Path, folder: Path) -> tuple[Server, Path]:
    server = Server(_free_port(), secrets.token_hex(8))
    data, password = folder / "data", folder / "password"
    password.write_text(server.password)
    if os.geteuid() == 0:  # initdb refuses root
        for path in (folder, password):
            shutil.chown(path, _USER, _USER)
    _as_owner(
        *(programs / "initdb", "-D", data, "-U", _USER, "--auth=scram-sha-256"),
        *(f"--pwfile={password}", "--no-sync"),
    )
    options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    _as_owner(
        *(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "start"),
        *("-o", f"{options} -c fsync=off -p {server.port}"),
    )
    return server, data


def _as_owner(*command: object) -> None:
    other = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    # A server inherits what it is started with: a pipe would never be at its end.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [*other, *(str(part) for part in command)],
            cwd="/",
            stdout=said,
            stderr=said,
            check=False,
        )
        said.seek(0)
        assert done.returncode == 0, said.read().decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
