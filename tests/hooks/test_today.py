"""The day of a run is settled once, at its start, and recorded."""

import datetime as dt
import json

import pandas as pd
import pytest

from churn_pipeline.hooks.today import TodayHook
from churn_pipeline.validation.today import day_of, last_believed_day
from tests.conftest import Project

DATASET = """
dataset:
  name: shop
  shape: events
  max_rejected_share: 0.2
  tables: {transactions: {customer_id: who, time: when}}
  label: {rule: inactivity, horizon_days: 30}
"""
CATALOG = """
raw_customers: {type: churn_pipeline.io.raw.AbsentTable}
raw_contracts: {type: churn_pipeline.io.raw.AbsentTable}
raw_transactions:
  type: churn_pipeline.io.raw.RawTable
  connection: ${globals:duckdb}
  filepath: data/01_raw/log.csv
"""


class Loader(dict):
    """A configuration loader as far as the hook reads it."""

    def __init__(self, written: object, **asked: object) -> None:
        super().__init__(parameters={"today": asked.get("today", written)})
        self.runtime_params = asked


class Context:
    def __init__(self, loader: Loader) -> None:
        self.config_loader = loader


def settle(loader: Loader) -> dict[str, object]:
    """Return what the record of a run says that was asked for."""
    hook, run_params = TodayHook(), {"runtime_params": {"a": 1}}
    hook.after_context_created(Context(loader))
    hook.before_pipeline_run(run_params)
    assert loader.runtime_params["today"] == run_params["runtime_params"]["today"]
    return run_params["runtime_params"]


def test_null_becomes_the_day_on_which_the_run_starts() -> None:
    before = dt.datetime.now(tz=dt.UTC).date()
    found = dt.date.fromisoformat(str(settle(Loader(None))["today"]))
    assert before <= found <= dt.datetime.now(tz=dt.UTC).date()


def test_a_day_that_was_asked_for_is_kept_and_recorded_with_the_rest() -> None:
    assert settle(Loader(None, today="2025-07-01")) == {"a": 1, "today": "2025-07-01"}
    assert settle(Loader("2025-07-01"))["today"] == "2025-07-01"


def test_what_is_no_date_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match=r"a date such as 2025-07-01, got '1 July'"):
        TodayHook().after_context_created(Context(Loader("1 July")))


def test_a_day_is_read_as_text_or_date_and_has_a_day_of_slack() -> None:
    assert day_of(dt.date(2025, 7, 1)) == day_of("2025-07-01") == dt.date(2025, 7, 1)
    assert last_believed_day("2025-12-31") == dt.date(2026, 1, 1)


def test_a_run_repeated_with_the_day_of_its_record_rejects_the_same_rows(
    project: Project,
) -> None:
    shop = project.folder / "conf/shop"
    shop.mkdir()
    (shop / "dataset.yml").write_text(DATASET)
    (shop / "catalog.yml").write_text(CATALOG)
    today = dt.datetime.now(tz=dt.UTC).date()
    days = [today + dt.timedelta(days=n) for n in [*range(-60, -1), 20]]
    log = pd.DataFrame({"who": "a", "when": days})
    log.to_csv(project.folder / "data/01_raw/log.csv", index=False)

    def run(*args: str) -> tuple[str, list[int]]:
        project.kedro("run", "--env", "shop", "--pipelines", "data_validation", *args)
        records = sorted((project.folder / "data/06_models/shop/runs").glob("*.json"))
        rejected = project.folder / "data/02_intermediate/shop/rejected_rows.parquet"
        asked = json.loads(records[-1].read_text())["request"]["runtime_params"]
        return asked["today"], pd.read_parquet(rejected)["row"].tolist()

    first = run()
    assert first == (str(today), [60])
    later = str(today + dt.timedelta(days=30))  # the event has happened by then
    assert run("--params", f"today={later}") == (later, [])
    assert run("--params", f"today={first[0]}") == first
