"""The running system in one answer: release, rollout, traffic, watches, alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from churn_pipeline.environment import told_for
from churn_pipeline.monitoring.alerts.book import standing
from churn_pipeline.release.artifact import ArtifactError
from churn_pipeline.release.chain import LedgerError
from churn_pipeline.release.kept import record_of
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.desk.places import CALLS, Json, Places
from churn_pipeline.serving.locate import environment_of
from churn_pipeline.serving.metrics import BOUNDS, Series
from churn_pipeline.serving.newest import newest, version_of

if TYPE_CHECKING:
    from churn_pipeline.serving.control_group import ControlGroup
    from churn_pipeline.serving.parts import Parts

DECISIONS = 8
"""Decisions about releases that are shown, the newest first."""
CARDS = {
    "drift": ("drift_verdict.json", "monitoring"),
    "performance": ("performance_report.json", "monitoring"),
    "decision": ("retraining_decision.json", "monitoring"),
    "effect": ("call_effect.json", "effect_reporting"),
}
"""Card -> the report that it shows, and the pipeline that writes it."""
_BUCKET, _COUNT = "churn_request_seconds_bucket", "churn_requests_total"
_PREDICTIONS = frozenset({"/predict", "/predict_batch"})
_NO_EXPERIMENT = (
    "None runs: `kedro churn rollout set --challenger VERSION --percentage 5` begins "
    "one."
)
_OF_OTHERS = frozenset({"/livez", "/readyz", "/metrics"})


class Running(BaseModel):
    """Answer to `/desk/running`. A card that has nothing to show says in `absent` why.

    Attributes:
        dataset: Name of the data set.
        time: When it was answered, UTC, ISO 8601.
        customers: Whether who asks may see customers too.
        release: The champion: `version`, `semantic_version`, `change`, `family`,
            `trained_until`, `metrics`, and the last `decisions` about releases, or the
            `problem` with them.
        rollout: Who gets which model, as `/rollout` tells it.
        traffic: Counts since the start: by endpoint `requests`, `failed` and the
            histogram `buckets` of the seconds; `predicted`, the buckets of
            predictions alone; `bounds`; `decisions`; numbers of the process.
        drift: The newest verdict of `drift_reporting`.
        performance: The newest report of `performance_reporting`.
        decision: What was decided about another model.
        effect: What calls bring.
        alerts: Those that stand, `told`, and when they were `written`.
        calls: Version of the newest list to call, `written`.
        campaign: By which the service keeps customers aside now: its `name` and
            `control_share`; empty where it keeps nobody aside.
        runbook: Address of the runbook; empty where none is set.
        no_experiment: What to say where none runs: how one is begun.
    """

    dataset: str
    time: str
    customers: bool
    release: dict[str, Any]
    rollout: dict[str, Any]
    traffic: dict[str, Any]
    drift: dict[str, Any]
    performance: dict[str, Any]
    decision: dict[str, Any]
    effect: dict[str, Any]
    alerts: dict[str, Any]
    calls: dict[str, Any]
    campaign: dict[str, Any]
    runbook: str
    no_experiment: str


def show_running(parts: Parts, places: Places, *, customers: bool) -> Running:
    """Return the running system; what cannot be read is said on its card.

    Args:
        parts: Of the service.
        places: Where reports lie.
        customers: Whether who asks may see customers too.
    """
    env = environment_of(places.dataset)
    cards = {
        name: _card(partial(places.report, file), pipeline, env)
        for name, (file, pipeline) in CARDS.items()
    }
    own = parts.metrics.samples()
    return Running(
        dataset=places.dataset,
        time=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        customers=customers,
        release=_release(parts, env),
        rollout=parts.rollout.state.model_dump(mode="json"),
        traffic=traffic(parts.shared.with_others(own) if parts.shared else own),
        alerts=_card(lambda: _alerts(places), "monitoring", env),
        calls=_card(lambda: _calls(places), "scoring", env),
        campaign=_campaign(parts.control.group),
        runbook=places.runbook,
        no_experiment=told_for(env, _NO_EXPERIMENT),
        **cards,
    )


def traffic(samples: Mapping[Series, float]) -> Json:
    """Return requests by endpoint, latencies and the numbers of the processes.

    Args:
        samples: Of all workers; probes and the page itself are left out.
    """
    endpoints: dict[str, Json] = {}
    decisions: dict[str, float] = {}
    plain: Json = {}
    for (name, labels), value in samples.items():
        of = dict(labels)
        path = of.get("endpoint", "")
        if name == _COUNT and _is_shown(path):
            found = endpoints.setdefault(path, _none())
            found["requests"] += value
            found["failed"] += value if of["status"].startswith("5") else 0
        elif name == _BUCKET and _is_shown(path):
            place = len(BOUNDS) if of["le"] == "+Inf" else BOUNDS.index(float(of["le"]))
            endpoints.setdefault(path, _none())["buckets"][place] = value
        elif name == "churn_predictions_total":
            kind = of["prediction"]
            decisions[kind] = decisions.get(kind, 0) + value
        elif not labels or name == "churn_workers":
            plain[name] = plain.get(name, 0) + value
    return {
        "bounds": list(BOUNDS),
        "endpoints": endpoints,
        "predicted": _predicted(endpoints),
        "decisions": decisions,
        "numbers": plain,
    }


def _predicted(endpoints: Mapping[str, Json]) -> list[float]:
    """Return the buckets of the addresses that predict; a page takes its own time."""
    each = [
        found["buckets"] for name, found in endpoints.items() if name in _PREDICTIONS
    ]
    return [sum(counts) for counts in zip(_none()["buckets"], *each, strict=True)]


def _is_shown(path: str) -> bool:
    return bool(path) and path not in _OF_OTHERS and not path.startswith("/desk")


def _none() -> Json:
    return {"requests": 0, "failed": 0, "buckets": [0] * (len(BOUNDS) + 1)}


def _card(read: Callable[[], Json | None], pipeline: str, env: str | None) -> Json:
    """Return what a card shows, or why it shows nothing."""
    try:
        found = read()
    except (OSError, ValueError) as error:
        return {"absent": str(error)}
    if found is None:
        command = f"kedro run --pipelines {pipeline}"
        return {"absent": told_for(env, f"Nothing yet: `{command}`")}
    return found


def _release(parts: Parts, env: str | None) -> Json:
    manifest = parts.models.champion.artifact.manifest
    told: Json = {
        "version": manifest.version,
        "semantic_version": None,
        "change": "",
        "family": manifest.family,
        "trained_until": str(manifest.fitted.facts.last),
        "trained_rows": manifest.fitted.facts.rows,
        "metrics": {n: v for n, v in manifest.metrics.items() if v == v},  # noqa: PLR0124
        "decisions": [],
    }
    if parts.folder is None:
        return told
    try:
        return told | _registered(parts.folder, manifest.version)
    except (ArtifactError, LedgerError, OSError) as error:
        return told | {"problem": told_for(env, str(error))}


def _registered(models: Path, version: str) -> Json:
    """Return what the registry knows of a version, and the last decisions.

    Raises:
        ArtifactError, LedgerError: Its files are not as they were written.
    """
    record, entries = record_of(models, version), ModelStore(models).decisions()
    last = entries[: -DECISIONS - 1 : -1]
    told: Json = {"decisions": [entry.model_dump(mode="json") for entry in last]}
    if record is not None:
        told |= {"semantic_version": record.semantic_version, "change": record.change}
    return told


def _alerts(places: Places) -> Json | None:
    book = places.service / "alerts.jsonl"
    if not book.is_file():
        return None
    notices = standing(book).values()
    written = dt.datetime.fromtimestamp(book.stat().st_mtime, dt.UTC)
    return {
        "written": written.isoformat(timespec="seconds"),
        "told": [notice.model_dump(mode="json") for notice in notices],
    }


def _campaign(group: ControlGroup | None) -> Json:
    if group is None:
        return {}
    return {"name": group.campaign, "control_share": group.share}


def _calls(places: Places) -> Json | None:
    file = newest(places.outputs / CALLS)
    return None if file is None else {"written": version_of(file)}
