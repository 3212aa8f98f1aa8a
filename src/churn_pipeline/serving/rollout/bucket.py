"""Which customers a share covers: a keyed hash, the same everywhere and for ever.

Python salts its own `hash` in every process; this one depends on the customer and on
the name of the experiment alone. Another experiment draws the customers anew.
"""

from __future__ import annotations

from hashlib import blake2b

BUCKETS = 10_000
DIGEST = 16
"""Bytes: the first eight give the bucket, all of them stand for the customer."""


def key_of(experiment: str) -> bytes:
    """Return the hash's key for an experiment, 32 bytes."""
    return blake2b(
        experiment.encode(), digest_size=32, person=b"churn.rollout"
    ).digest()


def digest(customer_id: str | int, key: bytes) -> bytes:
    """Return what stands for a customer in an experiment, 16 bytes.

    An integer is the text of its digits, since a client may send either for the same
    customer; text is taken as it is, so that `042` is another than `42`.

    Examples:
        >>> digest(42, b"k") == digest("42", b"k") != digest("042", b"k")
        True
    """
    text = str(customer_id).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=DIGEST, key=key).digest()


def bucket(digest_of_customer: bytes) -> int:
    """Return the customer's bucket, 0 to 9,999.

    A share of p percent covers the buckets below 100 p: a larger share covers
    everybody whom a smaller one covers.

    Examples:
        >>> bucket(digest("C-1", key_of("1.1.0")))
        8958
    """
    return int.from_bytes(digest_of_customer[:8], "big") % BUCKETS
