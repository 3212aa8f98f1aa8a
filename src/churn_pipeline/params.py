"""What every block of parameters is: typed, frozen, and without unknown keys."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from churn_pipeline.keys import check_keys


class Params(BaseModel):
    """Base of every typed parameter block: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _no_key_is_unknown(cls, given: Any) -> Any:
        check_keys(given, cls.model_fields)
        return given
