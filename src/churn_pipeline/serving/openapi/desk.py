"""What the page for people is made of: the page, and what it asks for."""

from __future__ import annotations

from churn_pipeline.serving.contract import MAX_BYTES
from churn_pipeline.serving.desk.calls import CallsShown
from churn_pipeline.serving.desk.customer import CustomerAsked, CustomerShown
from churn_pipeline.serving.desk.page import PLOTS
from churn_pipeline.serving.desk.running import Running
from churn_pipeline.serving.openapi.shapes import (
    WITH_BODY,
    WITH_KEY,
    Json,
    Operation,
    content,
    json_of,
    ref,
)

MODELS = (Running, CallsShown, CustomerAsked, CustomerShown)
_BUDGET = (
    ("calls", "integer", "Most calls there is time for", 20),
    ("money", "number", "Most money that they may be expected to cost", 500.0),
)


def of_the_desk() -> Json:
    """Return the paths of the page."""
    return {
        "/desk": {"get": _file("desk", "/desk", "text/html").document()},
        PLOTS: {"get": _file("desk_plots", PLOTS, "text/javascript").document()},
        "/desk/running": {"get": _running().document()},
        "/desk/calls": {"get": _calls().document()},
        "/desk/calls.csv": {"get": _csv().document()},
        "/desk/customer": {"post": _customer().document()},
    }


def _file(name: str, path: str, kind: str) -> Operation:
    page = kind == "text/html"
    return Operation(
        name=name,
        path=path,
        summary="The page for people, without data" if page else "What draws its plots",
        told={kind: content({"type": "string"})},
        refusals=("500", "503"),
    )


def _running() -> Operation:
    return Operation(
        name="desk_running",
        path="/desk/running",
        summary="The running system: release, rollout, traffic, watches, alerts",
        told=json_of(ref(Running)),
    )


def _calls() -> Operation:
    return Operation(
        name="desk_calls",
        path="/desk/calls",
        summary="Whom to call today, why, and what it is worth",
        told=json_of(ref(CallsShown)),
        parameters=_parameters(),
        refusals=(*WITH_KEY, "422"),
    )


def _csv() -> Operation:
    return Operation(
        name="desk_calls_csv",
        path="/desk/calls.csv",
        summary="Whom to call today, as a file for a spreadsheet",
        told={"text/csv": content({"type": "string"})},
        parameters=_parameters(),
        refusals=(*WITH_KEY, "422"),
    )


def _customer() -> Operation:
    return Operation(
        name="desk_customer",
        path="/desk/customer",
        summary="What was foreseen of a customer, what became true, and the calls",
        about=f"At most {MAX_BYTES:,} bytes. Who asks is written to the audit log.",
        asked=json_of(ref(CustomerAsked), {"customer_id": "C-1"}),
        told=json_of(ref(CustomerShown)),
        refusals=WITH_KEY + WITH_BODY,
    )


def _parameters() -> tuple[Json, ...]:
    return tuple(
        {
            "name": name,
            "in": "query",
            "description": about,
            "schema": {"type": kind, "minimum": 0, "maximum": 10**9},
            "example": example,
        }
        for name, kind, about, example in _BUDGET
    )
