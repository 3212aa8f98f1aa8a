"""Known vulnerabilities: what a report of pip-audit says. Nothing is asked for here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from churn_pipeline.release.review.finding import Finding

_NAME = "security: known vulnerabilities"
_MAKE = "pip-audit --format json --output"


def check_vulnerabilities(
    report: Mapping[str, Any] | None,
    packages: Mapping[str, str],
    *,
    required: bool,
    accepted: Collection[str],
) -> Finding:
    """Return what a report of pip-audit says of the packages that there are.

    Args:
        report: `dependencies`: `name`, `version`, `vulns` with `id` and `aliases`;
            None where there is no report.
        packages: Package -> version that made the model; a report of other versions
            is of another place, and counts as none.
        required: Whether none is a failure.
        accepted: Ids that somebody lives with.
    """
    if report is None:
        return _none("no report", required=required)
    try:
        known = {str(d["name"]).lower(): d for d in report["dependencies"]}
        found = list(_vulnerabilities(known.values()))
    except (KeyError, TypeError, AttributeError) as error:
        return _none(f"a report that cannot be read ({error!r})", required=True)
    if other := list(_others(known, packages)):
        return _none(
            f"a report of other versions: {', '.join(other)}", required=required
        )
    left = [f"{name}: {ids[0]}" for name, ids in found if not {*ids} & {*accepted}]
    count = f"{len(known)} packages, {len(found)} known vulnerabilities"
    skipped = sum("skip_reason" in d for d in known.values())
    told = f"{count}, {len(found) - len(left)} of them accepted, {skipped} not audited"
    return Finding(
        name=_NAME,
        outcome="failed" if left else "passed",
        found=f"{', '.join(left[:5])}{', …' if len(left) > 5 else ''}; {told}"  # noqa: PLR2004
        if left
        else told,
        todo="take the fixed versions and train again, or list an id in "
        "release.review.accepted_vulnerabilities"
        if left
        else "",
        evidence={"packages": float(len(known)), "vulnerabilities": float(len(found))},
    )


def _none(got: str, *, required: bool) -> Finding:
    """Return the finding where nobody has looked."""
    return Finding(
        name=_NAME,
        outcome="failed" if required else "warning",
        found=f"expected a report of pip-audit, got {got}",
        todo=f"`pip install pip-audit`, then `{_MAKE} data/01_raw/pip_audit.json`, "
        "here, and run again",
    )


def _vulnerabilities(
    dependencies: Collection[Mapping[str, Any]],
) -> Iterator[tuple[str, list[str]]]:
    """Yield the package and every name of each vulnerability."""
    for found in dependencies:
        for told in found.get("vulns", ()):
            name = f"{found['name']} {found['version']}"
            yield name, [str(told["id"]), *map(str, told.get("aliases", ()))]


def _others(
    known: Mapping[str, Mapping[str, Any]], packages: Mapping[str, str]
) -> Iterator[str]:
    """Yield the packages of the model that the report has in another version."""
    for name, version in packages.items():
        told = known.get(name.lower(), {})
        if "skip_reason" in told:  # a build of its own, as of torch for the CPU
            continue
        found = told.get("version")
        if found != version.partition("+")[0] and found != version:
            yield f"{name} {found or 'missing'}, not {version}"
