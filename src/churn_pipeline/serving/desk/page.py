"""The files of the page: nothing from elsewhere, plots only where there are some."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from churn_pipeline.serving.access.browser import allowed
from churn_pipeline.serving.wire import Headers, Reply

PLOTS = "/desk/plots.js"
_HERE = Path(__file__).parent
_SHELL = "desk.html"
_SCRIPTS = ("draw.js", "customers.js", "system.js", "open.js")
_DAY = b"private, max-age=86400"


@cache
def _page() -> tuple[bytes, bytes]:
    """Return the page, and the policy that lets it run its own script alone."""
    style = _text("uPlot.min.css") + _text("desk.css")
    script = "".join(map(_text, _SCRIPTS))
    whole = _text(_SHELL).replace("/*style*/", style).replace("/*script*/", script)
    policy = (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action "
        f"'none'; connect-src 'self'; style-src {allowed(style)}; "
        f"script-src 'self' {allowed(script)}; img-src data:"
    )
    return whole.encode(), policy.encode()


@cache
def _content(name: str) -> bytes:
    """Return a file, read once: reading it again would hold up all other requests."""
    return _page()[0] if name == _SHELL else (_HERE / name).read_bytes()


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_content(name), mtime=0)


def shell(headers: Headers) -> Reply:
    """Return the page without data, which needs no key.

    Args:
        headers: Of the request: whether it takes gzip.
    """
    made = _reply(_SHELL, headers, b"text/html; charset=utf-8")
    made.headers.append((b"content-security-policy", _page()[1]))
    return made


def plots(headers: Headers) -> Reply:
    """Return the library that draws, uPlot, as a script."""
    made = _reply("uPlot.iife.min.js", headers, b"text/javascript; charset=utf-8")
    made.headers.append((b"cache-control", _DAY))
    return made


def _reply(name: str, headers: Headers, kind: bytes) -> Reply:
    vary = (b"vary", b"accept-encoding")
    if b"gzip" not in headers.get(b"accept-encoding", b""):
        return Reply(_content(name), kind=kind, headers=[vary])
    packed = [vary, (b"content-encoding", b"gzip")]
    return Reply(_packed(name), kind=kind, headers=packed)


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
