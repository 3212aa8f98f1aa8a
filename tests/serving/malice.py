"""Requests that mean harm, made up from a seed: the same ones in every run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from random import Random
from typing import NamedTuple

import pyarrow as pa

from churn_pipeline.serving.bodies import ARROW, CSV, KINDS, PARQUET
from tests.serving.odd_tables import ODD, packed

GOOD = {"tenure_months": 3, "monthly_charge": 20.5, "plan": "basic"}
JSON = "application/json"
NASTY = (
    *("=cmd|' /C calc'!A0", "@SUM(1)", "'; DROP TABLE request; --", '" OR 1=1 --'),
    *("../../etc/passwd", "..\\..\\windows", "%2e%2e%2f", "/proc/self/environ"),
    *("a\0b", "a\r\nX-Injected: 1", "\x1b[31mred", "\u202etxt.exe", "\ufeff", "\u2028"),
    *(
        "tenure_m\u043enths",
        "\u0430dmin",
        "e\u0301",
        "\U0001f600" * 50,
        "${jndi:ldap://a}",
    ),
    *("{{7*7}}", "<script>alert(1)</script>", "%s%n%x", "A" * 5000, "__proto__", ""),
)
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e308", "1e-400", "-0", "00"),
    *("9" * 400, "9" * 5000, "0." + "0" * 500 + "1", str(2**63), str(-(2**64)), "0x1F"),
    *("true", "null", '"3"', "[]", "{}", "1_000", "1,5", "\u0663"),
)
PATHS = (
    *("/predict", "/predict", "/predict_batch", "/predict_batch", "/explain"),
    *("/feedback", "/v2/models/tiny/infer", "/rollout/abort"),
)
TARGETS = (
    *("/v2/models/..%2f..%2fetc%2fpasswd", "/v2/models/tiny/versions/../infer", "//"),
    *("/v2/models/tiny/versions/%00/infer", "/predict/", "/predict%00", "/..", "/%ff"),
    *("/explain?reasons=999999999999999999999", "/explain?reasons=1&reasons=2", "/v2/"),
    *(
        "/explain?reasons=%F0%9F",
        "/predict?a=b",
        "/docs.json?x=" + "y" * 2000,
        "/PREDICT",
    ),
    *(
        "/model?version=../../etc/passwd",
        "/metrics?" + "a=1&" * 300,
        "/v2/models//infer",
    ),
)
METHODS = ("POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "QUERY")


class Attack(NamedTuple):
    """One request.

    Attributes:
        method: Of HTTP.
        path: With what stands after it.
        body: What is sent.
        headers: Beside the key's.
    """

    method: str
    path: str
    body: bytes
    headers: dict[bytes, bytes]


def attack(draw: Random) -> Attack:
    """Return a request of one of the families."""
    return draw.choice(FAMILIES)(draw)


def _post(draw: Random, body: bytes, kind: str = JSON, path: str = "") -> Attack:
    headers = {b"content-type": kind.encode()}
    return Attack("POST", path or draw.choice(PATHS), body, headers)


def _numbers(draw: Random) -> Attack:
    name, value = draw.choice([*GOOD, "customer_id"]), draw.choice(NUMBERS)
    rest = json.dumps({n: v for n, v in GOOD.items() if n != name})[1:-1]
    row = f'{{"{name}":{value},{rest}}}'
    return _post(draw, draw.choice((row, f"[{row}]")).encode("utf-8", "replace"))


def _texts(draw: Random) -> Attack:
    row = {**GOOD, "customer_id": draw.choice(NASTY), draw.choice(NASTY): 1}
    if draw.random() < 0.6:
        row = {**GOOD, "customer_id": draw.choice(NASTY)[:200]}
    label = {"request_id": draw.choice(NASTY), "churned": True}
    made = draw.choice((row, [row], label, {"why": draw.choice(NASTY)}, [label, row]))
    return _post(draw, json.dumps(made, ensure_ascii=draw.random() < 0.5).encode())


def _nested(draw: Random) -> Attack:
    depth = draw.choice((10, 500, 10_000))
    opened = draw.choice((b"[", b'{"a":', b'[{"plan":', b'{"customer_id":['))
    body = opened * depth
    if draw.random() < 0.5:
        body += b"1" + (b"]" if opened == b"[" else b"}") * depth
    return _post(draw, body)


def _repeated(draw: Random) -> Attack:
    pairs = [f'"{n}":{json.dumps(v)}' for n, v in GOOD.items()] * draw.choice((2, 300))
    draw.shuffle(pairs)
    return _post(draw, ("{" + ",".join(pairs) + "}").encode())


def _mutated(draw: Random) -> Attack:
    """Return a right body with some bytes turned, cut, doubled or put in."""
    body = bytearray(draw.choice(_RIGHT)())
    kind = _kind_of(bytes(body))
    for _ in range(draw.choice((1, 1, 2, 8))):
        at = draw.randrange(len(body) + 1)
        deed = draw.randrange(4)
        if deed == 0 and at < len(body):
            body[at] = draw.randrange(256)
        elif deed == 1:
            body[at : at + draw.randrange(1, 20)] = b""
        elif deed == 2:
            body[at:at] = draw.randbytes(draw.randrange(1, 9))
        else:
            body[at:at] = body[at : at + 40] * 3
    path = "/predict_batch" if kind != JSON else ""
    return _post(draw, bytes(body), kind, path)


def _kinds(draw: Random) -> Attack:
    kind = draw.choice(
        (
            *KINDS,
            *("application/vnd.bentoml+pickle", "multipart/form-data; boundary=a", ""),
            *(
                "application/json; charset=utf-16",
                "text/html",
                "*/*",
                "\xff",
                "a" * 900,
            ),
        )
    )
    body = draw.choice(
        (
            json.dumps(GOOD).encode("utf-16"),
            gzip.compress(b"[" * 10**6),
            b"\x80\x04\x95\x10",
            draw.randbytes(200),
            b"",
            b"\xef\xbb\xbf{}",
        )
    )
    headers = {b"content-type": kind.encode("latin-1")}
    if draw.random() < 0.5:
        headers[b"content-encoding"] = draw.choice((b"gzip", b"br", b"identity,gzip"))
    return Attack("POST", draw.choice(PATHS), body, headers)


def _tables(draw: Random) -> Attack:
    kind = draw.choice((CSV, PARQUET, ARROW))
    row = {**GOOD, "customer_id": draw.choice(NASTY)}
    column = draw.choice(list(row))
    columns = {n: [v] * draw.choice((1, 1, 1, 3)) for n, v in row.items()}
    n_rows = max(map(len, columns.values()))
    columns = {name: (values * 3)[:n_rows] for name, values in columns.items()}
    if kind == CSV:
        return _post(draw, _csv(draw, columns, column), CSV, "/predict_batch")
    made = {n: pa.array(v) for n, v in columns.items()}
    made[column] = draw.choice(ODD)(n_rows)
    table = pa.table(made)
    if draw.random() < 0.2:
        table = pa.concat_tables([table]).append_column(column, made[column])
    try:
        body = packed(table, kind)
    except pa.ArrowException:  # Parquet has no such dates: sent under a false name
        body = packed(table, ARROW)
    return _post(draw, body, kind, "/predict_batch")


def _csv(draw: Random, columns: dict[str, list[object]], column: str) -> bytes:
    header = draw.choice((",", ";", "\t", "|")).join(columns)
    wrong = draw.choice((*NASTY, *NUMBERS)).replace("\ud800", "")
    lines = [
        ",".join(
            wrong if name == column else str(values[0])[:50]
            for name, values in columns.items()
        )
        for _ in range(3)
    ]
    ends = draw.choice(("\n", "\r\n", "\r", "\n\n", "\0"))
    coding = draw.choice(("utf-8", "utf-8", "utf-16", "latin-1", "utf-7"))
    return ends.join((header, *lines)).encode(coding, "replace")


def _targets(draw: Random) -> Attack:
    body = draw.choice((b"", json.dumps(GOOD).encode(), b"{", b"[]"))
    return Attack(draw.choice(METHODS), draw.choice((*TARGETS, *PATHS)), body, {})


def _headers(draw: Random) -> Attack:
    name = draw.choice(
        (
            *(b"x-request-id", b"traceparent", b"x-forwarded-for", b"user-agent"),
            *(b"host", b"origin", b"inference-header-content-length", b"cookie"),
            *(b"authorization", b"transfer-encoding", b"range", b"expect"),
        )
    )
    value = draw.choice((*NASTY, *NUMBERS)).encode("utf-8", "replace")
    clean = value.translate(None, bytes([*range(9), *range(10, 32), 127]))
    headers = {b"content-type": JSON.encode(), name: clean}
    return Attack("POST", draw.choice(PATHS), json.dumps(GOOD).encode(), headers)


def _strangers(draw: Random) -> Attack:
    key = draw.choice(
        (b"", b"a", b"churn_" + b"a" * 43, draw.randbytes(60).hex().encode())
    )
    return Attack("POST", draw.choice(PATHS), b"{}", {b"x-api-key": key})


def _tensors(draw: Random) -> Attack:
    value = draw.choice(NUMBERS)
    shape = draw.choice(
        ("[1]", "[1,1]", "[]", "[-1]", "[1e3]", f"[{9**99}]", "[0]", "null")
    )
    kind = draw.choice(("FP32", "FP64", "BYTES", "INT64", "", "\\u0000"))
    size = draw.choice(("0", "8", "-1", "9" * 30, '"8"', "null", "true"))
    inputs = [
        f'{{"name":"{name}","datatype":"{kind}","shape":{shape},"data":[{value}],'
        f'"parameters":{{"binary_data_size":{size}}}}}'
        for name in draw.sample([*GOOD, *GOOD, "customer_id"], 4)
    ]
    body = f'{{"id":{json.dumps(draw.choice(NASTY))},"inputs":[{",".join(inputs)}]}}'
    sent = body.encode("utf-8", "replace") + draw.randbytes(draw.choice((0, 8, 99)))
    length = draw.choice((str(len(body)), "0", "-1", "9" * 40, "a")).encode()
    headers = {b"inference-header-content-length": length}
    return Attack("POST", "/v2/models/tiny/infer", sent, headers)


def _changes(draw: Random) -> Attack:
    fields = (
        *(f'"exclude":[{{"feature":"plan","at_least":{draw.choice(NUMBERS)}}}]',),
        *(f'"percentage":{draw.choice(NUMBERS)}', f'"planned":{draw.choice(NUMBERS)}'),
        *(f'"overrides":{{{json.dumps(draw.choice(NASTY))}:"champion"}}',),
        *(f'"experiment":{json.dumps(draw.choice(NASTY))}',),
        *(
            f'"challenger":{json.dumps(draw.choice(NASTY))}',
            '"canary":{"steps":[1e999]}',
        ),
        *(f'"exclude":[{{"feature":{json.dumps(draw.choice(NASTY))},"equals":1}}]',),
    )
    version = draw.choice(("0", "1", "9" * 4000, "-1", "null", "0"))
    body = f'{{"version":{version},"why":"fuzz",{",".join(draw.sample(fields, 2))}}}'
    headers = {b"content-type": JSON.encode()}
    return Attack("PUT", "/rollout", body.encode("utf-8", "replace"), headers)


def _labels(draw: Random) -> Attack:
    days = ("0001-01-01", "9999-12-31", "2026-02-30", "1", "2026-01-01T00:00:00")
    label = {
        "customer_id": draw.choice((*NASTY, 10**300, -1, 1.5, None)),
        "observation_date": draw.choice(days),
        "churned": draw.choice((True, False, 1, "yes", None)),
        "row": draw.choice((0, -1, 2**70, 1.0, "0")),
        "known": draw.choice(("0001-01-01T00:00:00+14:00", 1e300, -5, "now", None)),
    }
    kept = {n: v for n, v in label.items() if draw.random() < 0.7}
    made = json.dumps(draw.choice((kept, [kept], [kept] * 50)))
    return _post(draw, made.encode(), JSON, "/feedback")


def _kind_of(body: bytes) -> str:
    if body[:4] == b"PAR1":
        return PARQUET
    if body[:4] == b"\xff\xff\xff\xff":
        return ARROW
    return JSON if body[:1] in b"[{" else CSV


_RIGHT: tuple[Callable[[], bytes], ...] = (
    lambda: json.dumps(GOOD).encode(),
    lambda: json.dumps([GOOD] * 3).encode(),
    lambda: b"tenure_months,monthly_charge,plan\n3,20.5,basic\n",
    lambda: packed(pa.table({n: [v] for n, v in GOOD.items()}), PARQUET),
    lambda: packed(pa.table({n: [v] for n, v in GOOD.items()}), ARROW),
)
FAMILIES: tuple[Callable[[Random], Attack], ...] = (
    *(_numbers, _texts, _nested, _repeated, _mutated, _mutated, _kinds, _tables),
    *(_tables, _targets, _headers, _strangers, _tensors, _changes, _labels),
)
