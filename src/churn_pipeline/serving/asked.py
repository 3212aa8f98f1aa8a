"""What a request asks for in its address: reasons, how many a customer."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from churn_pipeline.serving.contract import MAX_REASONS, REASONS
from churn_pipeline.serving.refusal import Problem, Refusal, shortened, shown

USUAL_REASONS = 3
"""How many are given where the address does not say."""

_COUNTS = {str(count): count for count in range(1, MAX_REASONS + 1)}
_EXPECTED = f"an integer from 1 to {MAX_REASONS}, once"


def reasons_asked(query: Sequence[tuple[str, str]]) -> int:
    """Return how many reasons are asked for a customer; 3 where it does not say.

    Args:
        query: Names and values after the question mark of the address, in order.

    Raises:
        Refusal: There is something else, or no such number.

    Examples:
        >>> reasons_asked([("reasons", "3")])
        3
    """
    for name, _ in query:
        if name != REASONS:
            near = get_close_matches(shortened(name), [REASONS], n=1)
            hint = f"; is it {REASONS}?" if near else ""
            expected = f"nothing but `?{REASONS}=` after the address{hint}"
            raise _refusal("unknown_field", name, expected, "one that there is not")
    values = [value for _, value in query]
    if not values:
        return USUAL_REASONS
    if len(values) > 1 or values[0] not in _COUNTS:
        received = shown(values[0] if len(values) == 1 else values)
        raise _refusal("invalid_value", REASONS, _EXPECTED, received)
    return _COUNTS[values[0]]


def _refusal(code: str, field: str, expected: str, received: str) -> Refusal:
    problem = Problem(
        code=code, field=shortened(field), expected=expected, received=received
    )
    return Refusal(422, [problem])
