"""TLS is configured whole or not at all."""

import subprocess

import pytest

from churn_pipeline.serving.tls import tls_options
from tests.serving.certificate import certificate


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A certificate of its own, and its key."""
    return certificate(tmp_path_factory.mktemp("tls"))


def _environment(certificate, key):
    return {"CHURN_TLS_CERT": certificate, "CHURN_TLS_KEY": key}


def test_without_configuration_there_is_none():
    assert tls_options({}) == tls_options(_environment("", "")) == []


def test_both_files_are_handed_to_the_server(pair):
    options = ["--ssl-certfile", pair[0], "--ssl-keyfile", pair[1]]
    assert tls_options(_environment(*pair)) == options


def test_half_a_configuration_is_refused(pair):
    with pytest.raises(ValueError, match=r"the file of CHURN_TLS_KEY, got nothing"):
        tls_options(_environment(pair[0], ""))
    with pytest.raises(ValueError, match=r"the file of CHURN_TLS_CERT, got /none"):
        tls_options(_environment("/none", pair[1]))


def test_files_that_do_not_fit_are_refused(pair):
    with pytest.raises(ValueError, match="expected a certificate and its key in PEM"):
        tls_options(_environment(pair[1], pair[1]))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(pair, tmp_path):
    password = ["-passout", "pass:abcd"]
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "ec", "-in", pair[1], "-out", locked, "-aes256", *password],
        check=True,
        capture_output=True,
    )
    with pytest.raises(ValueError, match="without a password in CHURN_TLS_KEY"):
        tls_options(_environment(pair[0], str(locked)))
