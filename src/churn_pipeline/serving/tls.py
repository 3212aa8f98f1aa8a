"""TLS by configuration: a certificate and its key, checked before the server starts."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

CERTIFICATE = "CHURN_TLS_CERT"
KEY = "CHURN_TLS_KEY"


def tls_options(environment: Mapping[str, str]) -> list[str]:
    """Return what makes `bentoml serve` speak TLS; nothing where it is not configured.

    Args:
        environment: `CHURN_TLS_CERT` and `CHURN_TLS_KEY` name PEM files: the
            certificate, with those between it and its authority, and its key.

    Raises:
        ValueError: One is named without the other, is no file, or they do not fit.
    """
    named = {name: environment.get(name, "") for name in (CERTIFICATE, KEY)}
    if not any(named.values()):
        return []
    for name, path in named.items():
        if not Path(path).is_file():
            raise ValueError(
                f"expected the file of {name}, got {path or 'nothing'}; name both "
                f"{CERTIFICATE} and {KEY}, or neither"
            )
    _require_fit(named[CERTIFICATE], named[KEY])
    return ["--ssl-certfile", named[CERTIFICATE], "--ssl-keyfile", named[KEY]]


def _require_fit(certificate: str, key: str) -> None:
    def no_password() -> str:
        raise ValueError(
            f"expected a key without a password in {KEY}, got {key}, which has one: a "
            "service that starts by itself has nobody to ask"
        )

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, no_password)
    except OSError as error:
        raise ValueError(
            f"expected a certificate and its key in PEM, got {certificate} and {key}: "
            f"{error.strerror or error}"
        ) from error
