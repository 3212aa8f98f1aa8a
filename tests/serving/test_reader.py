"""The fast reader takes nothing that the contract refuses, and reads it alike."""

import random
from collections import Counter

import pytest

from churn_pipeline.serving.contract import Contract
from churn_pipeline.serving.reader import Reader
from churn_pipeline.serving.refusal import Refusal
from tests.factories import tiny_artifact

CASES = 5_000
NUMBERS = (
    *("0", "-0", "-0.0", "3", "119.99999999999999", "120", "120.00000000000001"),
    *("1e2", "1E+2", "12e-1", "5e-324", "2.4703282292062327e-324", "1e-400", "1e400"),
    *("9007199254740993", "9223372036854775807", "9223372036854775808", "-1e-7"),
    *("18446744073709551616", "1" + "0" * 30, "1" + "0" * 400, "0.1" + "0" * 800 + "1"),
    *("3.4028234e38", "3.4028235677973366e38", "1.7976931348623159e308", "-1e308"),
    *(
        "2.2250738585072011e-308",
        "8.98846567431158e307",
        "1.00000017881393432617187499",
    ),
    *("01", "1.", ".5", "+1", "0x10", "1_0", "NaN", "Infinity", "-Infinity", "nan"),
    *("true", "false", "null", '"3"', "[]", "{}", "[3]", "1e", "--1", "\u0663"),
)
TEXTS = (
    *(
        '"basic"',
        '"plus"',
        '""',
        '" "',
        '"\\u0000"',
        '"basic\\u0000"',
        '"\\ud83d\\ude00"',
    ),
    *(
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\x41"',
        '"\\/"',
        '"a\nb"',
        '"\x7f"',
        '"\x1f"',
    ),
    *(f'"{"x" * 1000}"', f'"{"x" * 1001}"', f'"{"é" * 1000}"', f'"{"😀" * 1001}"'),
    *(
        '"b\\u0061sic"',
        "'basic'",
        '"basic',
        "basic",
        '"\u202e"',
        '"\ufeff"',
        '"\u0430"',
    ),
    *("null", "true", "7", "1.5", "[]", '["basic"]', "{}", "nul"),
)
IDS = (
    *('"c-1"', '""', f'"{"i" * 200}"', f'"{"i" * 201}"', "17", "-1", "1.0", "1e3"),
    *(
        str(2**63 - 1),
        str(2**63),
        str(-(2**63)),
        "9" * 4000,
        "9" * 5000,
        "null",
        "true",
    ),
    *('"\\u0000"', '"=1+1"', '"\'; DROP TABLE request; --"', "[]", '"../../etc"'),
)
KEYS = (
    *("tenure_months", "monthly_charge", "plan", "customer_id", "Plan", "plan "),
    *("pl\\u0061n", "", "__class__", "feature_0", "tenure_m\u043enths", "plan\\u0000"),
)
SPACES = ("", "", "", " ", "\t\r\n", "\ufeff", "\x0c", "\xa0", "//\n", "/**/")


@pytest.fixture(scope="module")
def readers():
    manifest = tiny_artifact().manifest
    contract = Contract(manifest)
    return Reader(manifest, contract), contract


def _body(draw):
    """Return a body that is right, but for some of what may be wrong with one."""
    members = {
        "tenure_months": draw.choice(NUMBERS),
        "monthly_charge": draw.choice(NUMBERS),
        "plan": draw.choice(TEXTS),
    }
    if draw.random() < 0.6:
        members["customer_id"] = draw.choice(IDS)
    for name in [n for n in members if draw.random() < 0.5]:
        members[name] = {"plan": '"basic"', "customer_id": "7"}.get(name, "12.5")
    pairs = [(name, value) for name, value in members.items() if draw.random() < 0.97]
    if draw.random() < 0.2:
        pairs.append((draw.choice(KEYS), draw.choice((*NUMBERS, *TEXTS))))
    draw.shuffle(pairs)
    space = draw.choice(SPACES)
    inner = ",".join(f'{space}"{name}"{space}:{space}{value}' for name, value in pairs)
    body = (
        f"{{{inner}}}" + draw.choice(("", "", "", "", space, ",", "}", "\0"))
    ).encode("utf-8", "surrogatepass")
    if draw.random() < 0.1:
        at = draw.randrange(len(body))
        body = body[:at] + bytes([draw.randrange(256)]) + body[at + 1 :]
    return body


def _told(read, *args, **options):
    """Return what is read, or why it is refused."""
    try:
        return read(*args, **options)
    except Refusal as refused:
        return refused.status, refused.problems


def _bodies(seed):
    draw = random.Random(seed)  # noqa: S311 - the same cases in every run
    return [_body(draw) for _ in range(CASES)]


def test_one_customer_is_read_alike_or_refused_alike(readers):
    reader, contract = readers
    outcomes = Counter()
    for body in _bodies(1):
        slow = _told(lambda b: reader._rows(contract.read_one(b))[0], body)
        assert repr(_told(reader.one, body)) == repr(slow), body
        refused = len(slow) == 2 and isinstance(slow[1], tuple)
        outcomes[slow[0] if refused else 200] += 1
    assert min(outcomes[status] for status in (200, 400, 422)) > CASES // 20


def test_many_customers_are_read_alike_or_refused_alike(readers):
    reader, contract = readers
    for body in _bodies(2)[:1000]:
        rows = b"[" + body + b"," + body + b"]"
        slow = _told(lambda b: reader._rows(contract.read_many(b)), rows)
        assert repr(_told(reader.many, rows, at_most=10_000)) == repr(slow), body
