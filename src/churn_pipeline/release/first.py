"""Why a data set has no champion yet, and how to get one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from churn_pipeline.release.ledger import Entry


def first_champion(
    dataset: str,
    entries: Sequence[Entry],
    *,
    waits: bool,
    shown: Callable[[str], str],
) -> str:
    """Return why no model serves yet, and how to get one that does.

    Args:
        dataset: Name of a data set without a champion.
        entries: The ledger, oldest first.
        waits: Whether a model waits for approval.
        shown: Returns a command as it is to be typed.
    """
    none = f"no champion of {dataset} yet"
    if not entries:
        return f"{none}: start with `{shown('kedro run')}`"
    last = entries[-1]
    name = last.semantic_version or last.version
    if last.action == "pend":
        shows = shown(f"kedro churn review {name}")
        return (
            f"{none}: {name} waits for a named approver, for these checks failed: "
            f"{', '.join(last.failed)}; run `{shows}`"
        )
    if last.action == "reject":
        return f"{none}: {last.who} rejected {name}: {last.reason}"
    if waits:
        approve = shown(f"kedro churn approve {name}")
        return f"{none}: {name} passed its gate and waits; run `{approve}`"
    promote = shown(f"kedro churn promote {name} --override --reason WHY")
    return (
        f"{none}: the gate refused {name}: {last.reason}. Train on more or better "
        f"data, or run `{promote}`"
    )
