"""Puts a service together from what the environment names."""

from __future__ import annotations

import logging
import os

from churn_pipeline.serving.follow import Follower
from churn_pipeline.serving.hook import SECRET
from churn_pipeline.serving.locate import load_champion, store_of
from churn_pipeline.serving.models import Models
from churn_pipeline.serving.parts import Parts
from churn_pipeline.serving.predictor import Predictor
from churn_pipeline.serving.shared import Shared

logger = logging.getLogger(__name__)


def assemble() -> Parts:
    """Return the parts of the service that this process is to be.

    Raises:
        ArtifactError: There is no champion, or its files are missing or altered.
    """
    models = Models(Predictor(load_champion()))
    parts = Parts(models, shared=_shared(), hook_secret=os.environ.get(SECRET))
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
