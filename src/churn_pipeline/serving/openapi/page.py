"""The OpenAPI document as one page for people: no second file, nothing from elsewhere.

Whoever has typed a key may send each example from it. Its style and its script are the
only ones that its policy lets a browser run.
"""

from __future__ import annotations

import json
import re
import shlex
from itertools import zip_longest
from pathlib import Path
from typing import Any

from churn_pipeline.serving.access.browser import allowed
from churn_pipeline.serving.openapi.shapes import KEY, Json
from churn_pipeline.serving.wire import JSON

HTML = b"text/html; charset=utf-8"
_HERE = Path(__file__).parent
_STYLE = (_HERE / "page.css").read_text(encoding="utf-8")
_SCRIPT = (_HERE / "page.js").read_text(encoding="utf-8")
_ADDRESS = "{address}"
"""Stands on the page for where it was asked."""
_SANE_HOST = re.compile(
    rb"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]+\](?::[0-9]{1,5})?"
)
_COUNTS = {"minItems": "at least", "maxItems": "at most"}


def _policy(rules: str) -> tuple[bytes, bytes]:
    whole = f"default-src 'none'; frame-ancestors 'none'; {rules}"
    return b"content-security-policy", whole.encode()


PAGE_POLICY = _policy(
    f"style-src {allowed(_STYLE)}; script-src {allowed(_SCRIPT)}; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'"
)
"""Header: what the page may do."""
CARD_POLICY = _policy("style-src 'unsafe-inline'; img-src data:; base-uri 'none'")
"""Header: what the model card may do; it has no script."""


def shown_at(page: bytes, scheme: str, host: bytes, port: int) -> bytes:
    """Return a page whose commands ask the service where the page was asked for.

    Args:
        page: As `page_of` makes it.
        scheme: `https` where the service itself speaks TLS.
        host: As the browser names it, with its port; what is no host is not shown.
        port: Of the service.

    Examples:
        >>> shown_at(b"curl {address}/livez", "http", b"churn:3123", 3000)
        b'curl churn:3123/livez'
        >>> shown_at(b"curl {address}/livez", "https", b"<b>", 3123)
        b'curl https://localhost:3123/livez'
    """
    named = host if _SANE_HOST.fullmatch(host) else b"localhost:%d" % port
    if scheme == "https":
        named = b"https://" + named
    return page.replace(_ADDRESS.encode(), named)


def page_of(document: Json) -> str:
    """Return an OpenAPI document as an HTML page; `shown_at` puts in where it is.

    Args:
        document: As `document.openapi` makes it.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"words": words, "coded": coded}
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    schemas = document["components"]["schemas"]
    return environment.from_string(template).render(
        info=document["info"],
        operations=_operations(document),
        schemas={name: _fields(schema) for name, schema in sorted(schemas.items())},
        about={name: schema.get("description", "") for name, schema in schemas.items()},
        style=Markup(_STYLE),  # noqa: S704 - both are files of ours
        script=Markup(_SCRIPT),  # noqa: S704
    )


def words(schema: Json) -> Any:
    """Return in words what a schema takes, with links to those that it names.

    Examples:
        >>> str(words({"type": "number", "minimum": 0, "maximum": 120}))
        'number, 0 to 120'
        >>> str(words({"anyOf": [{"type": "string"}, {"type": "null"}]}))
        'string or null'
    """
    from markupsafe import Markup

    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for key in ("anyOf", "oneOf"):
        if key in schema and "properties" not in schema:
            return Markup(" or ").join(words(part) for part in schema[key])
    if schema.get("type") == "array":
        counts = [
            f"{said} {schema[key]:,}" for key, said in _COUNTS.items() if key in schema
        ]
        ends = f" ({', '.join(counts)})" if counts else ""
        return Markup("list of {}{}").format(words(schema.get("items", {})), ends)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(v) for v in values)
    return _plain(schema)


def _plain(schema: Json) -> str:
    kind = schema.get("format", schema.get("type", "anything"))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {words(schema['additionalProperties'])} by name"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{kind}, {low:,.15g} to {high:,.15g}"
    if low is not None:
        return f"{kind} from {low:,.15g}"
    if high is not None:
        return f"{kind} up to {high:,.15g}"
    longest = schema.get("maxLength")
    return f"{kind} of at most {longest:,} characters" if longest else str(kind)


def _operations(document: Json) -> list[Json]:
    return [
        _operation(document, method, path, found)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    ]


def _operation(document: Json, method: str, path: str, found: Json) -> Json:
    """Return what the page tells of an operation."""
    answers = dict(found["responses"])
    told = answers.pop("200")
    responses = document["components"]["responses"]
    refused = {
        status: responses[answer["$ref"].rpartition("/")[2]]
        for status, answer in answers.items()
    }
    body = found.get("requestBody", {})
    parameters = found.get("parameters", [])
    true = path
    for given in parameters:
        if given["in"] == "path":
            true = true.replace(f"{{{given['name']}}}", given["example"])
    asked = [_shown(kind, made) for kind, made in body.get("content", {}).items()]
    locked = "security" not in found
    return {
        "id": found["operationId"],
        "method": method.upper(),
        "path": path,
        "true_path": true,
        "summary": found["summary"],
        "about": found.get("description", "Needs no key."),
        "parameters": parameters,
        "body": body.get("description", ""),
        "asked": asked,
        "told": [_shown(kind, made) for kind, made in told["content"].items()],
        "refused": {
            status: answer["description"] for status, answer in refused.items()
        },
        "command": _command(method.upper(), true, asked, locked=locked),
        "can_be_tried": "security" not in found or not asked,
    }


def _shown(kind: str, made: Json) -> Json:
    example = made.get("example", "")
    if not isinstance(example, str):
        example = json.dumps(example, indent=2, ensure_ascii=False)
    return {"kind": kind, "schema": made["schema"], "example": example}


def _command(method: str, path: str, asked: list[Json], *, locked: bool) -> str:
    """Return what asks this on a command line."""
    parts = ["curl -s"]
    if method not in ("GET", "POST"):
        parts[0] += f" -X {method}"
    parts[0] += f" {_ADDRESS}{path}"
    if locked:
        parts.append(f'-H "{KEY}: $KEY"')
    if asked:
        first = asked[0]
        parts.append(f"-H 'Content-Type: {first['kind']}'")
        body = first["example"]
        if first["kind"] == JSON:
            body = json.dumps(json.loads(body), ensure_ascii=False)
        parts.append(f"-d {shlex.quote(body)}")
    return " \\\n  ".join(parts)


def _fields(schema: Json) -> list[Json]:
    needed = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "schema": field,
            "needed": name in needed,
            "about": field.get("description", ""),
            "unit": field.get("x-unit", ""),
            "levels": field.get("x-known-categories", []),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def coded(text: str) -> Any:
    """Return a text with what stands between backticks as code.

    Examples:
        >>> str(coded("`a<b` or c"))
        '<code>a&lt;b</code> or c'
    """
    from markupsafe import Markup

    parts = text.split("`")
    code = (Markup("<code>{}</code>").format(part) for part in parts[1::2])
    plain = (Markup("{}").format(part) for part in parts[::2])
    return Markup("").join(
        part for pair in zip_longest(plain, code, fillvalue="") for part in pair
    )
