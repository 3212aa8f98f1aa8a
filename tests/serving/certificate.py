"""A certificate for 127.0.0.1 that nobody but its tests trusts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SUBJECT = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]


def certificate(folder: Path) -> tuple[str, str]:
    """Return the files of a certificate and of its key, in PEM."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    made = str(folder / "cert.pem"), str(folder / "key.pem")
    files = ["-out", made[0], "-keyout", made[1]]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *files, *SUBJECT],
        check=True,
        capture_output=True,
    )
    return made
