"""The seconds of a stage are all of its seconds; its line stands where it belongs."""

from __future__ import annotations

import pytest
from kedro.pipeline import Pipeline, node

from churn_pipeline.hooks import console
from churn_pipeline.hooks.console import ConsoleHook


def in_stage(name: str) -> object:
    """Return a function as if it were written for a pipeline."""

    def work(x: int) -> int:
        return x

    work.__module__ = f"churn_pipeline.pipelines.{name}.nodes"
    return work


A = node(in_stage("evaluation"), "raw", "a", name="a")
B = node(in_stage("release"), "a", "b", name="b")
C = node(in_stage("evaluation"), "b", "c", name="c")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time; a test sets it."""
    now = [0.0]
    monkeypatch.setattr(console.time, "perf_counter", lambda: now[0])
    return now


def test_saving_belongs_to_a_stage_and_lines_stand_in_the_order_of_beginning(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    hook = ConsoleHook()
    hook.before_pipeline_run({}, Pipeline([A, B, C]), None)
    for begins, nodes in ((0.0, A), (9.0, B), (10.0, C)):
        clock[0] = begins
        hook.before_dataset_loaded(nodes)
        clock[0] = begins + 0.5
        hook.before_node_run(nodes)  # what comes after it, up to the next, is saving
    assert "release" not in capsys.readouterr().err
    clock[0] = 14.0
    hook.after_pipeline_run()
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert [x for x in lines if x] == [
        ["evaluation", "13.0", "s"],
        ["release", "1.0", "s"],
    ]
