"""What `/model` shows: the manifest of the model that answers, and its card."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from churn_pipeline.release.artifact import Manifest
from churn_pipeline.release.kept import card_of, record_of
from churn_pipeline.serving.refusal import refusal

CARD = "/model/card"


class CardShown(BaseModel):
    """What the model card says in short.

    Attributes:
        semantic_version: MAJOR.MINOR.PATCH; None where it was registered without one.
        change: What changed since which version, in words.
        gate: What the gate said.
        reasons: Why, in words.
        compared_with: Champion that the gate compared it with; None where there was
            none.
        fitted_rows: Rows that it was fit on.
        refit: Whether it was fit again on all rows after it was measured.
        page: Address of the card as a page for people; None where it was not kept.
    """

    semantic_version: str | None
    change: str
    gate: Literal["approved", "refused"]
    reasons: tuple[str, ...]
    compared_with: str | None
    fitted_rows: int | None
    refit: bool
    page: str | None


class ModelShown(BaseModel):
    """Answer to `/model`.

    Attributes:
        manifest: What the model is, where it comes from, how it decides and what it
            scored when it was measured.
        card: What else its card says; None of an artifact that is served without a
            registry.
    """

    manifest: Manifest
    card: CardShown | None


def shown_model(manifest: Manifest, models: Path | None) -> ModelShown:
    """Return what is told of a model.

    Args:
        manifest: Of the model.
        models: Folder of the models that it is one of; None: it is of none.

    Raises:
        ArtifactError: Its record cannot be read.
    """
    record = None if models is None else record_of(models, manifest.version)
    if models is None or record is None:
        return ModelShown(manifest=manifest, card=None)
    known = set(CardShown.model_fields)
    page = CARD if card_of(models, manifest.version) is not None else None
    card = CardShown(**record.model_dump(include=known), page=page)
    return ModelShown(manifest=manifest, card=card)


def shown_card(version: str, models: Path | None) -> bytes:
    """Return the model card, an HTML page.

    Args:
        version: Of the model.
        models: As `shown_model` takes it.

    Raises:
        Refusal: 404: none was kept with the model.
    """
    found = None if models is None else card_of(models, version)
    if found is None:
        raise refusal(
            404,
            "no_card",
            expected=f"the card of {version} beside the model, as `kedro run` keeps it",
            received="none",
        )
    return found
