"""Puts a service together from what the environment names."""

from __future__ import annotations

import logging
import os

from churn_pipeline.serving.access.browser import OVER_TLS, SECURITY_HEADERS, Cors
from churn_pipeline.serving.access.gate import Access
from churn_pipeline.serving.follow import Follower
from churn_pipeline.serving.hook import SECRET
from churn_pipeline.serving.locate import load_champion, store_of
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.place import service_folder
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.shared import Shared
from churn_pipeline.serving.tls import tls_options

logger = logging.getLogger(__name__)


def assemble() -> Parts:
    """Return the parts of the service that this process is to be.

    Raises:
        ArtifactError: There is no champion, or its files are missing or altered.
        ValueError: The keys cannot be trusted, or a variable makes no sense.
        OSError: The keys cannot be read.
    """
    models = Models(Predictor(load_champion()))
    speaks_tls = bool(tls_options(os.environ))
    parts = Parts(
        models,
        Access(service_folder(models.champion.dataset)),
        shared=_shared(),
        hook_secret=os.environ.get(SECRET),
        headers=SECURITY_HEADERS + (OVER_TLS if speaks_tls else ()),
        cors=Cors.of(os.environ),
    )
    store = store_of(os.environ)
    if store is not None:
        parts.followers.append(Follower(models, store, parts.metrics))
    return parts


def _shared() -> Shared | None:
    try:
        return Shared()
    except OSError as error:
        logger.warning("each worker counts for itself alone: %s", error)
        return None
