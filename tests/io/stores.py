"""Real servers for the tests: an S3 store, and files over HTTP, on this machine."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

BUCKET = "company"
SECRET = "hush-hush-Zx81"  # noqa: S105 - of a store that lives for one test


class Store:
    """An S3 server with one bucket."""

    def __init__(self, url: str) -> None:
        import boto3

        self.url = url
        self.client = boto3.client("s3", **self.boto, region_name="us-east-1")
        self.client.create_bucket(Bucket=BUCKET)

    @property
    def boto(self) -> dict[str, str]:
        """Arguments of boto3's client."""
        return {
            "endpoint_url": self.url,
            "aws_access_key_id": "clerk",
            "aws_secret_access_key": SECRET,
        }

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of s3fs."""
        return {
            "key": "clerk",
            "secret": SECRET,
            "client_kwargs": {"endpoint_url": self.url},
        }

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that the tools of AWS read."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "clerk",
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def put(self, key: str, content: bytes | str) -> str:
        """Write an object; return its URL."""
        body = content.encode() if isinstance(content, str) else content
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"


@contextmanager
def s3_store() -> Iterator[Store]:
    """Serve an empty store."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Store(f"http://{host}:{port}")
    finally:
        server.stop()


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; `private` is refused, `cut` ends in the middle.

    `unstamped` has no time of its last change.
    """

    def do_GET(self) -> None:
        """Answer with a file."""
        if "private" in self.path:
            self.send_error(403)
        elif "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"id,x\n1,2\n")
        else:
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answer as `do_GET` does, without the file."""
        self.send_error(405) if "cut" in self.path else super().do_HEAD()

    def send_header(self, keyword: str, value: str) -> None:
        """Leave the time of the last change out where that is asked for."""
        if not ("unstamped" in self.path and keyword == "Last-Modified"):
            super().send_header(keyword, value)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def http_files(folder: Path) -> Iterator[str]:
    """Serve a folder; yield its URL."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Files, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
