"""Puts a service together from what the environment names."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from churn_pipeline.release.objections import closed
from churn_pipeline.release.store import ModelStore
from churn_pipeline.serving.access.browser import OVER_TLS, SECURITY_HEADERS, Cors
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.control_group import Control
from churn_pipeline.serving.desk.desk import Desk
from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.drift import Drift
from churn_pipeline.serving.follow import Beside, Follower
from churn_pipeline.serving.hook import secret_of
from churn_pipeline.serving.journal.database import connect, journal_url
from churn_pipeline.serving.journal.feedback import Feedback, maturity_days
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from churn_pipeline.serving.journal.writer import Journal
from churn_pipeline.serving.locate import load_champion, store_of
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.online import OnlineFeatures, online_place
from churn_pipeline.serving.online.features import max_age_days
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.place import ROLLOUT, service_folder
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.refreshing import Refreshed
from churn_pipeline.serving.rollout.counting import Counting
from churn_pipeline.serving.rollout.results import Experiment, results
from churn_pipeline.serving.rollout.spec import RolloutState
from churn_pipeline.serving.rollout.state import Rollout
from churn_pipeline.serving.rollout.tally import tally
from churn_pipeline.serving.shared import Shared
from churn_pipeline.serving.storage import Storage
from churn_pipeline.serving.tls import tls_options

logger = logging.getLogger(__name__)


def assemble(environment: Mapping[str, str] | None = None) -> Parts:
    """Return the parts of the service that this process is to be.

    Args:
        environment: What names the model and the folders; None takes the process's.

    Raises:
        ArtifactError: There is no champion, or its files are missing or altered.
        ValueError, OSError: Keys, rollout or journal cannot be read, or a setting is
            none.
    """
    given = os.environ if environment is None else environment
    champion = Predictor(load_champion(given))
    folder = service_folder(champion.dataset, given)
    made = put_together(champion, store_of(given), folder, given)
    made.shared = _shared()
    return made


def put_together(
    champion: Predictor,
    store: ModelStore | None,
    folder: Path,
    environment: Mapping[str, str],
) -> Parts:
    """Return the parts of a service.

    Args:
        champion: The model that answers first.
        store: Where its successors come from; None: there are none.
        folder: Where the service keeps what changes; made where there is none.
        environment: As `assemble` takes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    models, metrics = Models(champion), Metrics()
    rollout, access = Rollout(folder / ROLLOUT), Access(folder, environment)
    url, names = journal_url(folder, environment), Pseudonyms.of(folder, environment)
    online = OnlineFeatures(
        online_place(champion.dataset, environment),
        champion.dataset,
        max_age_days=max_age_days(environment),
    )
    places = Places.of(champion.dataset, folder, url, names, environment)
    parts = Parts(
        models=models,
        access=access,
        rollout=rollout,
        journal=Journal(url, names),
        feedback=Feedback(url, names),
        counting=Counting(partial(_count, url, names.fingerprint, models)),
        metrics=metrics,
        online=online,
        control=Control(places.outputs, metrics, champion.dataset),
        desk=Desk(places),
        known=store.versions if store else list,
        closed=partial(closed, store) if store else lambda _: "",
        folder=store.folder if store else None,
        hook_secret=secret_of(environment),
        headers=SECURITY_HEADERS + (OVER_TLS if tls_options(environment) else ()),
        cors=Cors.of(environment),
    )
    parts.followers += _followers(parts, folder, store)
    return parts


def _followers(parts: Parts, folder: Path, store: ModelStore | None) -> list[Refreshed]:
    """Return what is read again when it changes."""
    places, metrics = parts.desk.places, parts.metrics
    found: list[Refreshed] = [parts.access, parts.rollout, parts.control, parts.online]
    found.append(Storage(folder, metrics))
    found.append(Drift(places.reports, metrics, places.dataset))
    if store is not None:
        found.append(Follower(parts.models, store, metrics))
        found.append(Beside(parts.models, store, parts.rollout, metrics))
    return found


def _count(
    url: str, fingerprint: str, models: Models, state: RolloutState
) -> Experiment:
    """Return what came of an experiment, by the costs and labels of the champion."""
    champion = models.champion
    manifest = champion.artifact.manifest
    with closing(connect(url, pseudonyms=fingerprint)) as database:
        found = tally(
            database,
            state,
            maturity_days=maturity_days(manifest.label),
            now_ns=time.time_ns(),
            decision=manifest.decision,
            champion=champion.version,
        )
    return results(found, state)


def _shared() -> Shared | None:
    try:
        return Shared()
    except OSError as error:
        logger.warning("each worker counts for itself alone: %s", error)
        return None
