"""What the audit log is told of a request."""

from __future__ import annotations

from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.wire import Call


def audit_request(parts: Parts, call: Call, kind: str, what: str) -> None:
    """Write down who asks for something before it is done or shown.

    Args:
        parts: Of the service.
        call: The request.
        kind: Such as `rollout_change`.
        what: What is asked for, without a customer's id.

    Raises:
        OSError: It cannot be written: nothing is done or shown then.
    """
    parts.access.audit.write(
        kind,
        caller=call.caller,
        address=call.address,
        agent=call.agent,
        reason=f"{what}, request {call.request_id}",
    )
