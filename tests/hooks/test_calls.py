"""A run says whom to call, for how much, and where the list is."""

import logging
from types import SimpleNamespace

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset, Version
from kedro_datasets.pandas import CSVDataset

from churn_pipeline.hooks import calls as calls_hook
from churn_pipeline.hooks.calls import ASSIGNMENTS, DECISION, LIST, SCORES, CallsHook

CALLS = pd.DataFrame({"expected_profit": [900.4, 334.0], "currency": ["GBP", "GBP"]})
LINE = "2 to call of 4 customers (1 have left already), expected profit GBP 1,234"


@pytest.fixture
def said(tmp_path, caplog):
    def lines(calls, *, assumed, control=0):
        path = (tmp_path / "data/call_list.csv").as_posix()
        hook = CallsHook()
        hook.after_context_created(SimpleNamespace(project_path=tmp_path))
        listed = CSVDataset(filepath=path, version=Version(None, "v1"))
        costs = MemoryDataset({"assumed": assumed})
        catalog = DataCatalog({LIST: listed, DECISION: costs})
        hook.before_pipeline_run(catalog)
        scores = pd.DataFrame({"decision": ["call", "gone", "no_call", "call"]})
        with caplog.at_level(logging.INFO, "churn_pipeline"):
            hook.after_dataset_saved(SCORES, scores)
            arms = pd.DataFrame({"arm": ["call", *["control"] * control]})
            hook.after_dataset_saved(ASSIGNMENTS, arms)
            catalog.save(LIST, calls)
            hook.after_dataset_saved(LIST, calls)
        return [r.message for r in caplog.records if r.name == calls_hook.__name__]

    return lines


def test_the_line_has_counts_profit_and_path(said):
    assert said(CALLS, assumed=False) == [
        f"{LINE}; see data/call_list.csv/v1/call_list.csv"
    ]


def test_assumed_costs_are_named(said):
    first, second = said(CALLS, assumed=True)
    assert first.startswith(LINE)
    assert second.startswith("the costs and values are assumed")


def test_with_nobody_to_call_there_is_no_profit_to_tell(said):
    (line,) = said(CALLS.head(0), assumed=False)
    assert line.startswith("0 to call of 4 customers (1 have left already); see data/")


def test_who_is_kept_aside_is_counted(said):
    (line,) = said(CALLS, assumed=False, control=3)
    assert line.startswith(f"{LINE}, 3 kept aside by chance; see data/")
