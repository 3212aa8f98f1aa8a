"""What operations of the OpenAPI document are made of."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from churn_pipeline.serving.access.roles import OPEN, Role, roles_of
from churn_pipeline.serving.wire import JSON

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
KEY = "X-API-Key"

REFUSALS = {
    "400": "The body cannot be read as what it says it is, or did not come whole",
    "401": "No key, or none that is known; of the webhook: no valid signature",
    "403": "The key's role may not do this",
    "404": "There is no such customer in the online store, no such model or no card",
    "408": "The body came too slowly",
    "409": "The online store has old features only of the customer named by id alone; "
    "of a rollout: another state is in force than the one it was made for",
    "413": "More bytes or rows than are taken",
    "415": "A media type that is not taken here",
    "422": "A field breaks the contract",
    "429": "The key's rate limit is reached",
    "500": "A fault of ours; the service's log has it under the request's id",
    "503": "More is asked than can be done now, or what it needs is not there",
}
"""HTTP status -> why a request is refused."""

REFUSED = "Refused"
WITH_KEY = ("401", "403", "429", "500", "503")
WITH_BODY = ("400", "408", "413", "415", "422")
_ATTRIBUTE = re.compile(r"^(\w+): (.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_WAITS = frozenset({"429", "503"})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One question that can be asked.

    Attributes:
        name: Its `operationId`.
        path: Address that the roles know it by.
        summary: What it answers, in a line.
        told: Content of the answer by media type.
        asked: Content of the body by media type; None: it has none.
        about: More on the body.
        parameters: In address and headers.
        refusals: Statuses of refusals.
        refused: What the names of those answers begin with.
    """

    name: str
    path: str
    summary: str
    told: Json
    asked: Json | None = None
    about: str = ""
    parameters: tuple[Json, ...] = ()
    refusals: tuple[str, ...] = WITH_KEY
    refused: str = REFUSED

    def document(self) -> Json:
        """Return it as the document has it."""
        made: Json = {
            "operationId": self.name,
            "summary": self.summary,
            "responses": {
                "200": {"description": self.summary, "content": self.told},
                **{s: self._refusal(s) for s in sorted(self.refusals)},
            },
        }
        if self.path in OPEN:
            made["security"] = []
        else:
            roles = [role for role in Role if role in roles_of(self.path)]
            made["description"] = f"Needs a key of the role {' or '.join(roles)}."
        if self.parameters:
            made["parameters"] = list(self.parameters)
        if self.asked is not None:
            body = {"required": True, "content": self.asked}
            made["requestBody"] = body | (
                {"description": self.about} if self.about else {}
            )
        return made

    def _refusal(self, status: str) -> Json:
        return {"$ref": f"#/components/responses/{self.refused}{status}"}


def json_of(schema: Json, example: Any = None) -> Json:
    """Return the content of JSON by its media type."""
    return {JSON: content(schema, example)}


def content(schema: Json, example: Any = None) -> Json:
    """Return a schema, with an example where there is one."""
    return {"schema": schema} | ({} if example is None else {"example": example})


def ref(model: type[BaseModel] | str) -> Json:
    """Return the reference to a schema."""
    name = model if isinstance(model, str) else model.__name__
    return {"$ref": REF.format(model=name)}


def list_of(items: Json, at_most: int) -> Json:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "items": items, "minItems": 1, "maxItems": at_most}


def schemas_of(models: Iterable[type[BaseModel]]) -> Json:
    """Return the schemas of models, and of those that they are made of, by name."""
    _, document = models_json_schema(
        [(model, "serialization") for model in models], ref_template=REF
    )
    schemas: Json = document["$defs"]
    return {name: _told_by_field(schema) for name, schema in schemas.items()}


def _told_by_field(schema: Json) -> Json:
    """Return a schema with what its docstring says of each field at that field."""
    about, _, told = schema.get("description", "").partition("Attributes:\n")
    fields = schema.get("properties", {})
    given = {
        name: {"description": " ".join(text.split()), **fields[name]}
        for name, text in _ATTRIBUTE.findall(textwrap.dedent(told))
        if name in fields
    }
    about = " ".join(about.split())
    described = {"description": about} if about else {}
    whole = {"properties": fields | given} if fields else {}
    return schema | described | whole


def refusals(prefix: str, model: type[BaseModel], broken: Json) -> Json:
    """Return the answers to who is refused, by name.

    Args:
        prefix: What the names begin with.
        model: Their shape.
        broken: A true refusal of a customer whose field breaks the contract.
    """
    examples = {"422": broken}
    return {
        f"{prefix}{status}": {
            "description": about,
            "content": json_of(ref(model), examples.get(status)),
            **({"headers": _RETRY} if status in _WAITS else {}),
        }
        for status, about in REFUSALS.items()
    }


_RETRY = {
    "Retry-After": {
        "description": "Seconds after which to ask again, where that helps",
        "schema": {"type": "integer", "minimum": 1},
    }
}
