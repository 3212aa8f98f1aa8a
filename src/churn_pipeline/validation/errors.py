"""What stops a run because of its data."""

from __future__ import annotations


class DataValidationError(ValueError):
    """The data are not what the data set's description says they are."""
