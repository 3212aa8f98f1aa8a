"""Who may decide over releases, and what nobody may decide alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, field_validator

from churn_pipeline.params import Params

Role = Literal["operator", "approver", "admin"]
Deed = Literal["rollback", "approve", "reject", "override"]

_ROLES: tuple[Role, ...] = ("operator", "approver", "admin")
"""Each may do what those before it may."""
_NEEDS: dict[Deed, Role] = {
    "rollback": "operator",
    "approve": "approver",
    "reject": "approver",
    "override": "admin",
}


class Approver(Params):
    """Somebody who may decide over releases.

    Attributes:
        name: Their account on the machine that the commands are run on.
        role: `operator` rolls back; `approver` also approves and rejects; `admin`
            also overrides the gate.
    """

    name: str = Field(min_length=1)
    role: Role = "approver"


class Governance(Params):
    """Who decides over releases (`release.approvers`, `release.four_eyes`).

    Attributes:
        approvers: Those who may decide. With none, every account that may write the
            folder of the models decides over releases whose checks passed, and nobody
            over one with a failed check.
        four_eyes: Whether nobody approves what their own account submitted.
    """

    approvers: tuple[Approver, ...] = ()
    four_eyes: bool = False

    @field_validator("approvers")
    @classmethod
    def _named_once(cls, given: tuple[Approver, ...]) -> tuple[Approver, ...]:
        names = [approver.name for approver in given]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"expected each name once in release.approvers, got {', '.join(twice)} "
                "twice; keep the one with the role that is meant"
            )
        return given

    def role_of(self, who: str) -> Role | None:
        """Return the role of an account; None where it has none."""
        roles = {approver.name: approver.role for approver in self.approvers}
        return roles.get(who)

    def refusal(
        self,
        deed: Deed,
        who: str,
        *,
        submitter: str | None = None,
        failed: Sequence[str] = (),
    ) -> str:
        """Return why somebody may not do something; empty where they may.

        Args:
            deed: What is to be done: `approve` is any way of making a version champion
                that its gate let pass, `override` where it did not.
            who: Their account.
            submitter: Account whose run submitted the version.
            failed: Checks of the version that failed.
        """
        role = self.role_of(who)
        if self._is_open(deed, failed):
            return ""
        needed = _NEEDS[deed]
        if role is None or _ROLES.index(role) < _ROLES.index(needed):
            why = f", for these checks failed: {', '.join(failed)}" if failed else ""
            return (
                f"expected {self._named(needed)} to {deed} it{why}, got {who}, "
                f"{'a person without a role' if role is None else role}; ask one of "
                "them, or have yourself named in release.approvers "
                "(parameters_release.yml)"
            )
        if deed in ("approve", "override") and self.four_eyes and who == submitter:
            return (
                f"expected another person than {who}, who submitted it, to {deed} it "
                "(release.four_eyes); ask another approver"
            )
        return ""

    def _is_open(self, deed: Deed, failed: Sequence[str]) -> bool:
        """Return whether nobody has to be named."""
        return not self.approvers and (deed in ("rollback", "reject") or not failed)

    def _named(self, needed: Role) -> str:
        """Return who may do what needs a role, for people."""
        enough = _ROLES[_ROLES.index(needed) :]
        names = [a.name for a in self.approvers if a.role in enough]
        kind = f"one with the role {' or '.join(enough)}"
        return f"{kind} ({', '.join(names) or 'release.approvers names nobody'})"
