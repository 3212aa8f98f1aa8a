"""What browsers are told: to trust no answer further than it goes, and whose pages."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

Headers = tuple[tuple[bytes, bytes], ...]

ORIGINS = "CHURN_CORS_ORIGINS"

SECURITY_HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
"""Headers of every answer, names in lower case."""

OVER_TLS: Headers = ((b"strict-transport-security", b"max-age=31536000"),)
"""Headers more of every answer where the service itself speaks TLS."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")
PREFLIGHT: Headers = (
    (b"access-control-allow-methods", b"GET, POST, PUT"),
    (b"access-control-allow-headers", b"content-type, traceparent, x-api-key"),
    (b"access-control-max-age", b"600"),
)
"""Headers of the answer to a browser's question before a request, beside `headers`."""


def allowed(text: str) -> str:
    """Return what a policy calls a script or a style by.

    Examples:
        >>> allowed("alert(1)")
        "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    """
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class Cors:
    """Pages of other origins that browsers let read our answers: none by default."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        """Name the origins.

        Args:
            origins: Each as browsers send it, such as `https://desk.example`.

        Raises:
            ValueError: One is no origin; `*` is none, whoever holds a key.
        """
        named = [origin.strip() for origin in origins if origin.strip()]
        for origin in named:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"expected {ORIGINS} to name origins such as https://desk.example, "
                    f"with commas between, got {origin[:80]!r}"
                )
        self._named = {
            name: (
                (b"access-control-allow-origin", name),
                (b"access-control-expose-headers", b"retry-after, x-request-id"),
                (b"vary", b"origin"),
            )
            for name in (origin.encode() for origin in named)
        }

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Cors:
        """Return those that `CHURN_CORS_ORIGINS` names.

        Raises:
            ValueError: One is no origin.
        """
        return cls(environment.get(ORIGINS, "").split(","))

    def __bool__(self) -> bool:
        """Return whether any is named; where none is, nothing needs be asked."""
        return bool(self._named)

    def headers(self, origin: bytes | None) -> Headers:
        """Return the headers that an answer to a page needs; none to an unnamed one.

        Args:
            origin: Value of the request's header `Origin`.
        """
        return self._named.get(origin, ()) if origin is not None else ()
