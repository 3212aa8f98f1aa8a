"""Finding pickles, whatever a file is called: loading one can run any code."""

from __future__ import annotations

import pickletools
import re
import warnings
from collections.abc import Iterator

_BEGINS = re.compile(rb"\x80[\x02-\x05]")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_IMPORTS = frozenset({"GLOBAL", "INST", "STACK_GLOBAL"})
_ZIP = b"PK\x03\x04"
_MOST = 10_000
"""Opcodes looked at from one place on: a hidden pickle that does harm is short."""


def find_pickle(content: bytes) -> str:
    """Return where a pickle lies in a file, in words; empty where there is none.

    Args:
        content: Of the file: a whole pickle, an archive such as torch writes, or a
            pickle that imports something hidden anywhere in it.
    """
    if content.startswith(_ZIP):
        return "an archive, as torch.save writes"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes, in bytes that are no text
        if _is_pickle(content):
            return "a pickle"
        for place in _BEGINS.finditer(content):
            if name := _imported(content[place.start() :]):
                return f"a pickle at byte {place.start():,} that imports {name}"
    return ""


def _is_pickle(content: bytes) -> bool:
    """Return whether all of a file is one pickle."""
    for opcode, _, place in _read(content):
        if opcode == "STOP":
            return not content[place + 1 :].strip()
    return False


def _read(content: bytes) -> Iterator[tuple[str, object, int]]:
    """Yield opcodes with what they carry, until what follows is none."""
    try:
        for number, (opcode, told, place) in enumerate(pickletools.genops(content)):
            if number == _MOST:
                return
            yield opcode.name, told, place or 0
    except Exception:  # bytes that are no pickle can break the reader anyhow
        return


def _imported(content: bytes) -> str:
    """Return the name that a pickle from here on imports; empty where none does."""
    texts: list[str] = []
    found = ""
    for opcode, told, _ in _read(content[: 2**20]):
        if opcode == "STOP":
            return found
        names = str(told).split(" ") if opcode != "STACK_GLOBAL" else texts[-2:]
        if opcode in _IMPORTS and len(names) == 2:  # noqa: PLR2004
            if not all(_NAME.fullmatch(name) for name in names):
                return ""
            found = ".".join(names)
        if isinstance(told, str):
            texts.append(told)
    return ""
