"""What went wrong with a file at a URL, in words and without secrets."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from churn_pipeline.io.textfile import RawFileError

_EXTRA = "-c requirements.lock -e '.[s3]'"
_PACKAGES = {
    "s3": _EXTRA,
    "s3a": _EXTRA,
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "az": "adlfs",
}
_DENIED = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
_REFUSED = (401, 403)
_GONE = (404, 410)
_CODE = re.compile(r"[A-Za-z]{3,40}")


def shown(location: str) -> str:
    """Return a location as messages may have it: no user, password or signature.

    Example:
        >>> shown("https://me:secret@host/a.csv?X-Amz-Signature=abc")
        'https://host/a.csv?...'
    """
    return "::".join(_shown(part) for part in location.split("::"))


def explained(location: str, error: Exception) -> RawFileError:
    """Return the error in three parts, told from the causes of `error`.

    Args:
        location: Path or URL.
        error: What the file system raised; its text is not used, as it may hold
            secrets.
    """
    from fsspec import available_protocols

    name, chain = shown(location), _chain(error)
    status = next((s for s in map(_status, chain) if s is not None), None)
    reason = _reason(chain, status)
    protocol = re.split("://|::", location, maxsplit=1)[0]
    if isinstance(error, ImportError) or protocol not in available_protocols():
        return RawFileError(_not_installed(protocol, name))
    kinds = {type(cause).__name__ for cause in chain}
    if status in _REFUSED or isinstance(error, PermissionError) or kinds & _DENIED:
        return RawFileError(
            f"expected the right to read {name}, got {reason}; set `credentials:` in "
            "its catalog entry or the variables that the store's own tools read "
            "(AWS_ACCESS_KEY_ID, ...), and check that the file exists"
        )
    is_missing = all(isinstance(cause, FileNotFoundError) for cause in chain)
    if status in _GONE or is_missing:
        return RawFileError(
            f"expected a file at {name}, got none ({reason}); correct the bucket, "
            "folder or name, or CHURN_DATA_DIR where it begins the address"
        )
    return RawFileError(
        f"expected an answer from the server of {name}, got {reason}; check the "
        "address, the network, and `fs_args` and `credentials` in its catalog entry"
    )


def _shown(part: str) -> str:
    if "://" not in part:
        return part
    url = urlsplit(part)
    host = url.netloc.rsplit("@", maxsplit=1)[-1]
    query = "..." if url.query else ""
    return urlunsplit((url.scheme, host, url.path, query, ""))


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error, its cause, the cause of that, and so on."""
    found = [error]
    while found[-1].__cause__ is not None:
        found.append(found[-1].__cause__)
    return found


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that aiohttp or botocore tells; None without one."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        status = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _reason(chain: list[BaseException], status: int | None) -> str:
    """Return the kind of the innermost error, with its status and the store's code."""
    innermost = chain[-1]
    parts = [type(innermost).__name__]
    if status is not None:
        parts.append(f"status {status}")
    response = getattr(innermost, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        parts += [code] if _CODE.fullmatch(code) else []
    return ", ".join(dict.fromkeys(parts))


def _not_installed(protocol: str, name: str) -> str:
    package = _PACKAGES.get(protocol)
    todo = f"pip install {package}" if package else "install its fsspec package"
    return (
        f"expected a package that reads {protocol}:// for {name}, got none; {todo}, or "
        "copy the file to this machine"
    )
