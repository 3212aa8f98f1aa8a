"""Whether the files of an artifact are all there and as they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping


class ArtifactError(ValueError):
    """An artifact is incomplete, altered, or answers otherwise than when made."""


def sha256(content: bytes) -> str:
    """Return the hash of a file's content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def altered(name: str, expected: str, received: str) -> str:
    """Return what to say of a file whose hash is another."""
    return (
        f"expected {name} with sha256 {expected[:12]}…, got {received[:12]}…: it was "
        "altered after training; copy the whole folder again, or train again"
    )


def check_files(
    files: Mapping[str, bytes],
    hashes: Mapping[str, str],
    *,
    names: Collection[str],
    version: str,
) -> None:
    """Check that an artifact has its files and no others, none of them altered.

    Args:
        files: Content by name.
        hashes: sha256 by name, from the manifest.
        names: Files that an artifact has beside the manifest.
        version: Of the artifact.

    Raises:
        ArtifactError: The manifest names other files, or one is missing or altered.
    """
    known, named = ", ".join(sorted(names)), ", ".join(sorted(hashes)[:5])
    if named != known:  # a name becomes a path, and might lead out of the folder
        raise ArtifactError(
            f"expected the files {known} in the manifest, got {named or 'none'}; "
            "copy the whole folder again, or train again"
        )
    for name in sorted(names):
        if name not in files:
            raise ArtifactError(
                f"expected the file {name} in the artifact {version}, found none; copy "
                "the whole folder again, or train again"
            )
        received = sha256(files[name])
        if received != hashes[name]:
            raise ArtifactError(altered(name, hashes[name], received))
