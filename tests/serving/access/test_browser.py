"""Browsers are told to keep other pages out, unless these are named."""

import pytest

from churn_pipeline.serving.access.browser import PREFLIGHT, SECURITY_HEADERS, Cors

DESK = b"https://desk.example"


def test_no_origin_is_allowed_by_default():
    cors = Cors.of({})
    assert not cors
    assert cors.headers(DESK) == ()


def test_a_named_origin_is_allowed_and_no_other():
    cors = Cors.of({"CHURN_CORS_ORIGINS": "https://desk.example, http://a.b:8080"})
    assert dict(cors.headers(DESK))[b"access-control-allow-origin"] == DESK
    for other in (None, b"", b"null", b"https://desk.example.evil", DESK + b"/", b"*"):
        assert cors.headers(other) == ()


def test_a_cache_keeps_the_answers_of_two_origins_apart():
    told = Cors(["https://desk.example"]).headers(DESK)
    assert (b"vary", b"origin") in told


def test_no_answer_lets_a_page_send_cookies():
    told = dict((*Cors(["https://desk.example"]).headers(DESK), *PREFLIGHT))
    assert b"x-api-key" in told[b"access-control-allow-headers"]
    assert b"access-control-allow-credentials" not in told


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
