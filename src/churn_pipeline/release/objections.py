"""Why a version may not become champion: gate, checks, another person, the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from churn_pipeline.release.governance import Deed, Governance
from churn_pipeline.release.ledger import CROWNED, Entry
from churn_pipeline.release.records import Record
from churn_pipeline.release.verdicts import rejection, submitter

if TYPE_CHECKING:
    from churn_pipeline.release.proposal import Release
    from churn_pipeline.release.releases import Releases
    from churn_pipeline.release.store import ModelStore


def objection(
    rules: Governance,
    who: str,
    entries: Sequence[Entry],
    record: Record,
    *,
    reason: str,
    override: bool,
) -> str:
    """Return why an account may not make a version champion; empty where it may.

    Args:
        rules: Who may decide.
        who: The account.
        entries: The ledger, oldest first.
        record: Of the version, in force now.
        reason: Why it is to be champion.
        override: Whether a no of the gate, or of a person, is to be overridden.
    """
    no = _no(entries, record)
    if no and not (override and reason):
        return (
            f"{no}. To release it all the same: `kedro churn promote "
            f"{record.semantic_version or record.version} --override --reason WHY`"
        )
    deed: Deed = "override" if no else "approve"
    if refusal := forbidden(rules, deed, who, entries, record):
        return refusal
    if record.unmet and not reason.strip():
        return (
            f"expected --reason WHY to release {record.named}, for these checks "
            f"failed: {', '.join(record.unmet)}"
        )
    return ""


def closed(store: ModelStore, version: str) -> str:
    """Return why no customer may get a version; empty where they may.

    One that was champion, by whatever decision, may be tried again, unless somebody
    rejected it since. As a shadow any may be asked: nobody acts on what it says.

    Args:
        store: Where it is registered.
        version: Its id.

    Raises:
        LookupError: No such version is registered.
        ArtifactError, LedgerError: What is known of it cannot be read.
    """
    record, entries = store.record(version), store.decisions()
    crowned = any(e.version == version and e.action in CROWNED for e in entries)
    if rejection(entries, version) or (record.gate == "refused" and not crowned):
        return _no(entries, record)
    if record.unmet and not crowned:
        return (
            f"these checks of {record.named} failed: {', '.join(record.unmet)}; see "
            f"`kedro churn review {record.semantic_version or version}`"
        )
    return ""


def is_tried(releases: Releases, release: Release) -> bool:
    """Return whether a registered model is to be tried on some customers.

    By the policy `canary` it waits for a person meanwhile; one that a failed check
    keeps from customers waits unseen.
    """
    version = release.artifact.manifest.version
    waits = release.policy == "canary" and version in releases.waiting()
    return waits and not closed(releases.store, version)


def forbidden(
    rules: Governance,
    deed: Deed,
    who: str,
    entries: Sequence[Entry],
    record: Record,
) -> str:
    """Return why an account may not do something with a version; empty where it may."""
    refusal = rules.refusal(
        deed, who, submitter=submitter(entries, record.version), failed=record.unmet
    )
    return f"{record.named}: {refusal}" if refusal else ""


def _no(entries: Sequence[Entry], record: Record) -> str:
    """Return who has said no to a version, and why; empty where nobody has."""
    said = rejection(entries, record.version)
    if said is not None:
        return f"{said.who} rejected {record.named}: {said.reason}"
    if record.gate == "refused":
        return f"the gate refused {record.named}: {'; '.join(record.reasons)}"
    return ""
