"""What the pages for people are made of: one style, one way to write a number.

A page stands on its own: no script, no second file, readable in light and dark, on a
phone and on paper.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from markupsafe import Markup

_STYLE = Path(__file__).with_name("page.css")


def fill(template: Path, **values: Any) -> str:
    """Return a page; whatever the data say is escaped.

    Args:
        template: A Jinja template; it puts `style` between its style tags, and writes
            numbers by the filters `number` and `percent`, a dash for what is unknown.
        **values: What the template names.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = _number
    environment.filters["percent"] = _percent
    style = drawn(_STYLE.read_text(encoding="utf-8"))
    page = environment.from_string(template.read_text(encoding="utf-8"))
    return page.render(style=style, **values)


def drawn(text: str) -> Markup:
    """Return our own SVG or CSS as what needs no escaping; never text from the data."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704


def _number(value: float | None, digits: int = 3) -> str:
    return f"{value:,.{digits}f}" if _known(value) else "-"


def _percent(value: float | None, digits: int = 0) -> str:
    return f"{100 * value:.{digits}f} %" if _known(value) else "-"


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and isfinite(value)
