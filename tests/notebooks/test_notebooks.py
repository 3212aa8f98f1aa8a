"""The notebooks are thin, clean, and run from top to bottom in a real kernel."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT, Project

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CEILING = 15
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    """Return a notebook."""
    return nbformat.read(path, as_version=4)


def test_the_five_phases_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "1.0-explore",
        "2.0-features",
        "3.0-train",
        "4.0-evaluate",
        "5.0-serve",
    ]


@every_notebook
def test_it_begins_with_the_question_and_ends_with_the_finding(path: Path) -> None:
    first, *_, heading, last = read(path).cells
    assert first.cell_type == "markdown"
    assert all(word in first.source for word in ("**Question.**", "**Reads**"))
    assert "**Produces**" in first.source
    assert heading.source == "## Finding"
    assert "Markdown(" in last.source


@every_notebook
def test_cells_are_short_and_define_no_functions(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    lines = [len(cell.source.splitlines()) for cell in cells]
    assert max(lines) <= CEILING
    assert sum(lines) / len(lines) <= CEILING / 2
    assert not [cell.source for cell in cells if re.search(r"^def ", cell.source, re.M)]


@every_notebook
def test_it_is_committed_without_outputs_and_paths_of_a_machine(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not re.search(r"""["'](/|~|[A-Z]:\\)""", cell.source), cell.id


@every_notebook
def test_it_runs_from_top_to_bottom(
    path: Path, trained: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "test")
    monkeypatch.setenv("IPYTHONDIR", str(trained.folder / "ipython"))
    before = set(os.listdir(trained.folder / "notebooks"))
    notebook = read(path)
    folder = {"metadata": {"path": str(trained.folder / "notebooks")}}
    NotebookClient(notebook, timeout=120, resources=folder).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    streams = [out.text for out in outputs if out.output_type == "stream"]
    assert streams == [], "a notebook shows results, and nothing else"
    (finding,) = notebook.cells[-1].outputs
    assert finding.data["text/markdown"].startswith("**")
    assert "nan" not in finding.data["text/markdown"].lower()
    assert set(os.listdir(trained.folder / "notebooks")) == before
