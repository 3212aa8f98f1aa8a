"""Releasing models: register, promote, approve, reject, roll back.

The ledger is written first and is what counts; `champion.json` and the registry's
aliases are then made to say the same. A kill in between leaves the previous champion
serving, and whatever runs next, a second try or another decision, completes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from churn_pipeline.release.governance import Governance
from churn_pipeline.release.ledger import Action, Entry, champions, now
from churn_pipeline.release.numbering import assign, find
from churn_pipeline.release.objections import forbidden, objection
from churn_pipeline.release.proposal import Policy, Release
from churn_pipeline.release.registry import (
    CHALLENGER,
    CHAMPION,
    Registry,
    RegistryError,
    seal_tag,
)
from churn_pipeline.release.store import ModelStore
from churn_pipeline.release.verdicts import last_verdict, rejection, undecided

logger = logging.getLogger(__name__)


class ReleaseError(RuntimeError):
    """A release was asked for that the rules do not allow."""


@dataclass(frozen=True)
class Releases:
    """The releases of a data set, on behalf of somebody.

    Attributes:
        store: Models on the disk, and the ledger.
        registry: MLflow's registry.
        who: Name of the account that decides.
        clock: Returns the time, UTC, ISO 8601.
        rules: Who may decide.
    """

    store: ModelStore
    registry: Registry
    who: str
    clock: Callable[[], str] = now
    rules: Governance = field(default_factory=Governance)

    def register(self, release: Release) -> None:
        """Register a model; promote it where the gate and the policy let it pass.

        Safe to repeat: what was done already is not done again, and the champion
        judged against itself stays what it is. A model that passed against another
        champion than the one that reigns now counts as refused; one that did not pass
        every check waits for a named approver.
        """
        before = self.store.pointer()
        with self._changing():
            self._take(release)
        after = self.store.pointer()
        if after is not None and after != before:
            logger.info("champion is now %s", self.store.record(after.version).named)

    def promote(
        self, version: str, *, reason: str = "", override: bool = False
    ) -> None:
        """Make a registered version the champion.

        Args:
            version: The version, its MAJOR.MINOR.PATCH, or its number in MLflow.
            reason: Why; kept in the ledger.
            override: Whether to release it although its gate refused it.

        Raises:
            LookupError: It is not registered.
            ReleaseError: Its gate refused it, or compared it with another champion
                than the one that reigns, or somebody rejected it, and nobody overrides
                that with a reason; or this account may not.
        """
        self._crown("promote", version, reason, override=override)

    def approve(self, version: str, *, reason: str = "") -> None:
        """Make a version that waits for a person's approval the champion.

        Args:
            version: The version, its MAJOR.MINOR.PATCH, or its number in MLflow.
            reason: Why; kept in the ledger.

        Raises:
            LookupError: It is not registered.
            ReleaseError: As for `promote`; or a check failed and there is no reason.
        """
        self._crown("approve", version, reason, override=False)

    def reject(self, version: str, *, reason: str) -> str:
        """Say no to a version that waits, for good; return it.

        Args:
            version: The version, its MAJOR.MINOR.PATCH, or its number in MLflow.
            reason: Why; kept in the ledger.

        Raises:
            LookupError: It is not registered.
            ReleaseError: It does not wait, there is no reason, or this account may not.
        """
        with self._changing():
            found = find(self.store, self.registry, version)
            record = self.store.record(found)
            if found not in self.waiting():
                status = "see `kedro churn status`"
                got = f"expected a version that waits, got {record.named}"
                raise ReleaseError(f"{got}; {status}")
            if not reason.strip():
                raise ReleaseError(f"rejecting {record.named} needs --reason WHY")
            entries = self.store.ledger.read()
            self._refuse(forbidden(self.rules, "reject", self.who, entries, record))
            self._compare_ledger()
            self._write("reject", found, reason)
            if self.registry.aliases().get(CHALLENGER) == found:
                self.registry.set_alias(CHALLENGER, None)
        return found

    def rollback(self, *, reason: str = "") -> str:
        """Make the champion before this one the champion again; return its version.

        Raises:
            ReleaseError: There was none before, or this account may not.
        """
        with self._changing():
            self._refuse(self.rules.refusal("rollback", self.who))
            stack = champions(self.store.ledger.read())
            if not stack[:-1]:
                raise ReleaseError(
                    "expected a champion before this one to roll back to, got "
                    f"{stack[-1] if stack else 'no champion'} as the only one; see "
                    "`kedro churn history`"
                )
            self.store.artifact(stack[-2])
            self._write("rollback", stack[-2], reason)
        return stack[-2]

    def waiting(self) -> tuple[str, ...]:
        """Return the versions that a person may approve now, oldest first."""
        open_, reigning = undecided(self.store.ledger.read()), self._reigning()
        return tuple(
            version
            for version in self.store.versions()
            if version in open_
            if self.store.record(version).in_force(reigning).gate == "approved"
        )

    def settle(self) -> None:
        """Make `champion.json` and MLflow say what the ledger says.

        The pointer goes first: a release takes effect with MLflow out of reach, which
        the log then says; the next change of the releases moves the aliases.

        Raises:
            ArtifactError: The champion's files are missing or altered.
            LedgerError: The ledger lacks lines that MLflow knows of.
        """
        reigning = self._reigning()
        if reigning is not None:
            self._point_to(reigning)
        try:
            self._tell_registry(reigning)
        except RegistryError as error:
            logger.warning(
                "done, but MLflow's aliases could not be moved: %s. The next release, "
                "promotion or rollback moves them.",
                error,
            )

    def _take(self, release: Release) -> None:
        """Register a model unless it reigns, and promote it where it may be."""
        self._compare_ledger()
        reigning, manifest = self._reigning(), release.artifact.manifest
        if reigning == manifest.version:
            return
        numbered = assign(self.store, manifest, reigning)
        record = release.record(numbered).in_force(reigning)
        self.store.add(
            release.artifact, record, release.measured, release.card, release.recipe
        )
        self.registry.register(release.artifact, record.tags, release.measured)
        if last_verdict(self.store.ledger.read(), record.version) != record.verdict:
            self._write(record.verdict, record.version, "; ".join(record.told))
        logger.info("registered %s: %s", record.named, record.change)
        if record.verdict == "refuse":
            logger.info("its gate refused it: %s", "; ".join(record.reasons))
        elif record.verdict == "pend":
            logger.warning(
                "it waits for a named approver, for these checks failed: %s; see "
                "`kedro churn review %s`",
                ", ".join(record.unmet),
                record.semantic_version,
            )
        elif rejection(self.store.ledger.read(), record.version) is None:
            self.registry.set_alias(CHALLENGER, record.version)
            at_once = release.policy == "canary" and not reigning
            if release.policy == "auto" or at_once:
                self._promote_once(record.version, release.policy)

    def _point_to(self, reigning: str) -> None:
        pointer = self.store.pointer()
        if pointer is None or pointer.version != reigning:
            self.store.point_to(reigning)

    def _tell_registry(self, reigning: str | None) -> None:
        if reigning is not None:
            self._move_aliases(reigning)
        self._compare_ledger()
        if seal := self.store.ledger.seal():
            self.registry.set_seal(*seal)

    def _move_aliases(self, reigning: str) -> None:
        aliases = self.registry.aliases()
        if aliases.get(CHAMPION) != reigning:
            self.registry.set_alias(CHAMPION, reigning)
        if aliases.get(CHALLENGER) == reigning:
            self.registry.set_alias(CHALLENGER, None)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self.store.locked():
            self.store.decisions()
            yield
            self.settle()

    def _compare_ledger(self) -> None:
        """Compare the ledger with what MLflow keeps of it, the second place."""
        seal = self.store.ledger.seal()
        kept = None if seal is None else self.registry.seal(seal.ledger)
        if seal is not None and kept is not None:
            where = f"the tag {seal_tag(seal.ledger)} of the model in MLflow"
            self.store.ledger.compare(kept, where)

    def _crown(self, action: Action, name: str, reason: str, *, override: bool) -> None:
        with self._changing():
            version = find(self.store, self.registry, name)
            reigning = self._reigning()
            # The champion's files can be repaired with MLflow out of reach.
            if version != reigning:
                self._compare_ledger()
            record = self.store.record(version).in_force(reigning)
            self._refuse(
                self.rules.refusal("rollback", self.who)
                if version == reigning
                else objection(
                    self.rules,
                    self.who,
                    self.store.ledger.read(),
                    record,
                    reason=reason,
                    override=override,
                )
            )
            self.store.artifact(version)
            self._write(action, version, reason)
            # Also where it is champion already: its released copy may be damaged.
            self.store.point_to(version)

    def _refuse(self, why: str) -> None:
        """Raise where there is a reason to."""
        if why:
            raise ReleaseError(why)

    def _reigning(self) -> str | None:
        return next(reversed(champions(self.store.ledger.read())), None)

    def _promote_once(self, version: str, policy: Policy) -> None:
        entries = self.store.ledger.read()
        if not any(e.version == version and e.action == "promote" for e in entries):
            self._write("promote", version, f"passed its gate, policy {policy}")

    def _write(self, action: Action, version: str, reason: str) -> None:
        reigning = self._reigning()
        if action in ("promote", "approve") and reigning == version:
            return
        record = self.store.record(version)
        self.store.ledger.append(
            Entry(
                time=self.clock(),
                who=self.who,
                action=action,
                version=version,
                semantic_version=record.semantic_version,
                previous=reigning,
                reason=reason,
                gate=record.gate,
                failed=record.failed,
                role=self.rules.role_of(self.who) or "",
            )
        )
