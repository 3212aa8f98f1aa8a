"""The webhooks: signed, so that only who has the secret is listened to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

from churn_pipeline.serving.refusal import Refusal, refusal

HOOK, RETRAIN = "/hooks/registry", "/hooks/retrain"
SECRET = "CHURN_HOOK_SECRET"  # noqa: S105 - the name of a variable
SIGNATURE, STAMP = b"x-mlflow-signature", b"x-mlflow-timestamp"
DELIVERY = b"x-mlflow-delivery-id"
LEAST = 16
"""Characters of a secret."""
SECONDS = 300
"""How old a message may be: an old one cannot be sent again."""


def secret_of(environment: Mapping[str, str]) -> str | None:
    """Return the secret; None: there is none, and nobody is listened to.

    Raises:
        ValueError: It is so short that it could be guessed.
    """
    secret = environment.get(SECRET)
    if secret and len(secret) < LEAST:
        raise ValueError(
            f"expected {LEAST} characters or more in {SECRET}, got {len(secret)}; "
            "take `openssl rand -hex 32`, here and in the registry's webhook"
        )
    return secret or None


def require_signature(
    secret: str | None, headers: dict[bytes, bytes], body: bytes
) -> None:
    """Check a message as MLflow signs its webhooks.

    The signature is `v1,` and the base64 of HMAC-SHA256 over
    `<delivery id>.<timestamp>.<body>`.

    Raises:
        Refusal: There is no secret, the signature is wrong, or the message is old.

    Source:
        MLflow, "Webhooks", section "Signature verification".
    """
    stamp = headers.get(STAMP, b"")
    if not secret:
        raise _refused(f"a service with a secret in {SECRET}", "none")
    said = b".".join((headers.get(DELIVERY, b""), stamp, body))
    made = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(made)
    if not hmac.compare_digest(expected, headers.get(SIGNATURE, b"")):
        raise _refused("a signature made with the service's secret", "another")
    if not stamp.isdigit() or abs(time.time() - int(stamp[:20])) > SECONDS:
        raise _refused(f"a timestamp at most {SECONDS} s old", "another")


def _refused(expected: str, received: str) -> Refusal:
    return refusal(401, "wrong_signature", expected=expected, received=received)
