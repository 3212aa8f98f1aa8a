"""Passwords in URLs are not written down: not in MLflow, a record or a log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_PASSWORD = re.compile(r"([a-z][\w+.-]*://[^\s:/@]*:)[^\s/]+@", re.IGNORECASE)


def mask(value: Any) -> Any:
    """Return plain values with the passwords of URLs masked, at any depth.

    >>> mask({"storage": "postgresql://ann:secret@db/optuna", "n_trials": 20})
    {'storage': 'postgresql://ann:***@db/optuna', 'n_trials': 20}
    """
    if isinstance(value, str):
        return _PASSWORD.sub(rf"\1{MASK}@", value)
    if isinstance(value, Mapping):
        return {key: mask(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [mask(inner) for inner in value]
    return value


class MaskingFormatter(logging.Formatter):
    """Formats a line of a log, and its traceback, without passwords."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return str(mask(super().format(record)))


def mask_handlers(*loggers: str) -> None:
    """Have the handlers of loggers write no passwords.

    Kedro takes no formatter of a project's own in logging.yml.
    """
    for name in loggers:
        for handler in logging.getLogger(name).handlers:
            if handler.formatter is not None:
                handler.setFormatter(MaskingFormatter(handler.formatter._fmt))
