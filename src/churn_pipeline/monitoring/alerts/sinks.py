"""Who is told: any of the hundred services that Apprise knows, by URL."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churn_pipeline.monitoring.alerts.book import Notice
from churn_pipeline.monitoring.alerts.rules import Severity

if TYPE_CHECKING:
    import apprise

URLS = "CHURN_ALERTS"
"""Apprise URLs separated by blanks, or the path of an Apprise configuration file: it
may send by `tags`, such as `critical` to the pager and the rest by mail."""

RUNBOOK = "docs/runbook.md"


def send(notices: Sequence[Notice], where: str) -> list[Notice]:
    """Send notices; return them with the sinks that did not take them.

    Args:
        notices: What is to be told.
        where: As `CHURN_ALERTS` has it; empty tells nobody.

    Raises:
        ValueError: It names no service that Apprise knows.
    """
    if not where or not notices:
        return list(notices)
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs URLs
    services = _services(where)
    return [_sent(notice, services) for notice in notices]


def message(notice: Notice) -> tuple[str, str]:
    """Return title and text of a notice."""
    alert = notice.alert
    state = {"raised": "", "repeated": "still: ", "resolved": "over: "}[notice.kind]
    lines = [
        f"since {notice.since:%Y-%m-%d %H:%M} UTC",
        f"what to do: {RUNBOOK}#{alert.runbook}",
        f"report: {alert.report}",
    ]
    return f"[{alert.severity}] {state}{alert.title}", "\n".join(lines)


def _services(where: str) -> list[apprise.NotifyBase]:
    """Return the services that are named.

    Raises:
        ValueError: One is not known; its URL, which holds secrets, is not shown.
    """
    import apprise

    known = apprise.Apprise()
    if "://" not in where:
        path, config = Path(where), apprise.AppriseConfig()
        if path.is_file() and config.add(str(path)):
            known.add(config)
        if not len(known):
            raise ValueError(
                f"expected {URLS} to be URLs of Apprise or a file of its "
                f"configuration, got {path.name!r}, in which none is found"
            )
        return list(known)
    for place, url in enumerate(where.split(), start=1):
        if not known.add(url):
            raise ValueError(
                f"expected a URL that Apprise knows in {URLS}, got one of the scheme "
                f"{url.partition('://')[0]!r} at place {place} that it does not"
            )
    return list(known)


def _sent(notice: Notice, services: Sequence[apprise.NotifyBase]) -> Notice:
    """Tell every service that takes alerts of this urgency."""
    import apprise

    kinds = {
        Severity.INFO: apprise.NotifyType.INFO,
        Severity.WARNING: apprise.NotifyType.WARNING,
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
    }
    title, text = message(notice)
    kind = apprise.NotifyType.SUCCESS
    if notice.kind != "resolved":
        kind = kinds[notice.alert.severity]
    unsent = [
        str(service.service_name)
        for service in services
        if _takes(service, notice.alert.severity)
        and not service.notify(body=text, title=title, notify_type=kind)
    ]
    return notice.model_copy(update={"unsent": tuple(unsent)})


def _takes(service: apprise.NotifyBase, severity: Severity) -> bool:
    """Return whether a service is for such alerts: its tags say, or it has none."""
    severities = service.tags & set(Severity)
    return not severities or severity in severities
