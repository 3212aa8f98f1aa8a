"""Browsers are told to keep other pages out, unless these are named."""

import pytest

from churn_pipeline.serving.access.browser import SECURITY_HEADERS, Cors

DESK = b"https://desk.example"


def test_no_origin_is_allowed_by_default():
    cors = Cors.of({})
    assert not cors
    assert cors.headers(DESK) == cors.preflight(DESK) == ()


def test_a_named_origin_is_allowed_and_no_other():
    cors = Cors.of({"CHURN_CORS_ORIGINS": "https://desk.example, http://a.b:8080"})
    assert dict(cors.headers(DESK))[b"access-control-allow-origin"] == DESK
    assert b"x-api-key" in dict(cors.preflight(DESK))[b"access-control-allow-headers"]
    for other in (None, b"", b"null", b"https://desk.example.evil", DESK + b"/", b"*"):
        assert cors.headers(other) == cors.preflight(other) == ()


def test_no_answer_lets_a_page_send_cookies():
    cors = Cors(["https://desk.example"])
    assert b"access-control-allow-credentials" not in dict(cors.preflight(DESK))


@pytest.mark.parametrize(
    "origin", ["*", "desk.example", "https://*.example", "https://a/b", "https://a b"]
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ValueError, match="expected CHURN_CORS_ORIGINS to name origins"):
        Cors.of({"CHURN_CORS_ORIGINS": f"https://a.example,{origin}"})


def test_headers_are_as_asgi_takes_them():
    for name, value in SECURITY_HEADERS:
        assert name == name.lower()
        assert isinstance(value, bytes)
