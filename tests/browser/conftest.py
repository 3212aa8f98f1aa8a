"""A real Chromium (Debian's), and servers that are started and stopped for it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Return a page of a headless Chromium.

    It ends with its module: Playwright keeps an event loop, which a notebook's client
    in the same process would stumble over.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport={"width": 1600, "height": 1000})
        browser.close()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on.

    It lies below those that the system hands out by itself, where a kernel that starts
    in the meantime would take it.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def answers(url: str) -> bool:
    """Return whether a server answers at a URL with any status."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def server() -> Callable[..., object]:
    """Return a context manager that runs a server until it is left."""

    @contextmanager
    def run(*args: str, cwd: Path, url: str, tries: int = 600) -> Iterator[None]:
        # A file: a pipe that nobody reads stops the server once it is full.
        with (cwd / "logs" / "server.log").open("w+b") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *args],
                cwd=cwd,
                env=os.environ | {"JUPYTER_DATA_DIR": str(cwd / "jupyter")},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                _wait_until_up(process, url, tries, Path(log.name))
                yield
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                    process.wait(timeout=30)

    return run


def _wait_until_up(
    process: subprocess.Popen[bytes], url: str, tries: int, log: Path
) -> None:
    """Return when a server answers; the wait ends early when it dies."""
    for _ in range(tries):
        if answers(url):
            return
        try:
            process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            continue
        output = log.read_text(errors="replace")
        raise AssertionError(f"the server ended by itself:\n{output[-3000:]}")
    raise AssertionError(f"no answer at {url}")
