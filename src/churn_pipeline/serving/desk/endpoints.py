"""What the service answers to the page."""

from __future__ import annotations

from typing import Any

from churn_pipeline.serving.access.roles import roles_of
from churn_pipeline.serving.audited import audit_request
from churn_pipeline.serving.contract import MAX_BYTES, parsed
from churn_pipeline.serving.desk.calls import (
    Budget,
    calls_as_csv,
    read_calls,
    show_calls,
)
from churn_pipeline.serving.desk.customer import asked_customer, show_customer
from churn_pipeline.serving.desk.page import PLOTS, plots, shell
from churn_pipeline.serving.desk.running import show_running
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.wire import Call, Reply, body_of, require_json

CSV = b"text/csv; charset=utf-8"
_NAMED = (b"content-disposition", b'attachment; filename="calls.csv"')


async def show_shell(parts: Parts, call: Call) -> Reply:
    """Answer the page, without any data."""
    return shell(call.headers)


async def show_plots(parts: Parts, call: Call) -> Reply:
    """Answer the library that draws."""
    return plots(call.headers)


async def running(parts: Parts, call: Call) -> Reply:
    """Answer how the system runs."""
    desk, customers = parts.desk, call.caller.role in roles_of("/desk/calls")
    found = await desk.look_up(
        lambda: show_running(parts, desk.places, customers=customers)
    )
    return Reply(found.model_dump_json().encode())


async def calls(parts: Parts, call: Call) -> Reply:
    """Answer whom to call today."""
    budget, desk = Budget.of(call.query), parts.desk
    found = await desk.look_up(lambda: show_calls(read_calls(desk.places), budget))
    return Reply(found.model_dump_json().encode())


async def calls_csv(parts: Parts, call: Call) -> Reply:
    """Answer whom to call today, as a file; who takes it is written down."""
    budget, desk = Budget.of(call.query), parts.desk

    def made() -> bytes:
        listed = read_calls(desk.places)
        audit_request(
            parts, call, "calls_exported", f"list of {listed.written or 'no run'}"
        )
        return calls_as_csv(listed, budget)

    return Reply(await desk.look_up(made), kind=CSV, headers=[_NAMED])


async def customer(parts: Parts, call: Call) -> Reply:
    """Answer what is known of one customer; who asks is written down first."""
    require_json(call.headers)
    wanted = asked_customer(parsed(await body_of(call, MAX_BYTES))).customer_id
    desk = parts.desk
    told = desk.places.pseudonyms.mark(wanted)

    def found() -> bytes:
        audit_request(parts, call, "customer_viewed", f"customer of mark {told}")
        shown = show_customer(desk.places, wanted, parts.control.group)
        return shown.model_dump_json().encode()

    return Reply(await desk.look_up(found))


DESK: dict[str, dict[str, Any]] = {
    "/desk": {"GET": show_shell},
    PLOTS: {"GET": show_plots},
    "/desk/running": {"GET": running},
    "/desk/calls": {"GET": calls},
    "/desk/calls.csv": {"GET": calls_csv},
    "/desk/customer": {"POST": customer},
}
