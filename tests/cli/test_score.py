"""`kedro churn score` writes a probability for each valid row of a file."""

import json
import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from churn_pipeline.cli.score import score
from churn_pipeline.pipelines.scoring.calls import in_control
from churn_pipeline.release.store import ModelStore, Record
from churn_pipeline.serving.predictor import Predictor
from tests.conftest import Project
from tests.factories import tiny_artifact
from tests.io.stores import s3_store

DATASET = """
dataset:
  name: tiny
  shape: snapshot
  snapshot_date: 2026-01-01
  max_rejected_share: 0.25
  label: {rule: column, column: left, positive: "yes"}
  tables:
    customers:
      customer_id: Customer No
      unique: [Customer No]
      columns:
        tenure_months: {type: integer, unit: months, min: 0, max: 120}
        monthly_charge: {type: number, unit: EUR}
        plan: {type: category, allowed: [basic, plus], nullable: false}
"""
CATALOG = """
raw_customers:
  type: churn_pipeline.io.raw.AbsentTable
"""
ROWS = (
    "Customer No,tenure_months,note,monthly_charge,plan\n"
    "007,3,x,10.5,basic\n"
    "b,40,x,,plus\n"
    '"c, d",71,x,99,unheard of\n'
    "e,12,x,20,\n"
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    made = Project.new(tmp_path_factory.mktemp("score") / "project")
    (made.folder / "conf/tiny").mkdir()
    (made.folder / "conf/tiny/dataset.yml").write_text(DATASET)
    (made.folder / "conf/tiny/catalog.yml").write_text(CATALOG)
    artifact = tiny_artifact()
    store = ModelStore(made.folder / "data/06_models/tiny")
    version = artifact.manifest.version
    store.add(
        artifact, Record(version=version, family="net", gate="approved", metrics={})
    )
    store.point_to(version)
    return made


@pytest.fixture
def dated(tiny):
    """An environment whose feature `tenure_months` counts the days since a date."""
    folder = tiny.folder / "conf/dated"
    folder.mkdir(exist_ok=True)
    (folder / "catalog.yml").write_text(CATALOG)
    column = "tenure_months: {type: integer, unit: months, min: 0, max: 120}"
    text = DATASET.replace(column, "tenure_months: {type: date}")
    (folder / "dataset.yml").write_text(text)
    return "dated"


@pytest.fixture
def run(tiny, monkeypatch):
    monkeypatch.chdir(tiny.folder)

    def command(*arguments):
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(tiny.folder)
        return CliRunner().invoke(score, [str(a) for a in arguments])

    return command


def _expected():
    columns = {
        "tenure_months": [3, 40, 71, 12],
        "monthly_charge": [10.5, None, 99, 20],
        "plan": ["basic", "plus", "unheard of", None],
    }
    return tiny_artifact().predict(columns)


def test_csv_without_a_label_is_scored_as_by_the_artifact(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    scores = pd.read_csv(tmp_path / "out.csv", dtype={"Customer No": str})
    told = ["churn_probability", "decision", "expected_profit", "certainty"]
    assert list(scores) == ["Customer No", *told, "kept_aside"]
    assert not scores["kept_aside"].any()  # no list has been made yet
    assert scores["Customer No"].tolist() == ["007", "b", "c, d", "e"]
    assert scores["churn_probability"].tolist() == pytest.approx(_expected(), abs=1e-9)
    called = scores["churn_probability"] >= 0.4
    assert (
        scores["decision"].tolist()
        == called.map({True: "call", False: "no_call"}).tolist()
    )
    assert (called == (scores["expected_profit"] >= 0)).all()
    assert set(scores["certainty"]) <= {"leaves", "stays", "not_sure"}
    assert not (tmp_path / "out.rejected.csv").exists()
    assert "4 customers scored" in done.output


@pytest.fixture
def spring(tiny):
    """Leave the campaign of a list, for one test; its entry of the catalog."""
    entry = tiny.folder / "data/07_model_output/tiny/campaign.json"
    file = entry / "2026-01-01T00.00.00.000Z" / entry.name
    file.parent.mkdir(parents=True)
    file.write_text('{"name": "spring", "control_share": 0.5}')
    yield entry
    shutil.rmtree(entry, ignore_errors=True)


@pytest.mark.usefixtures("spring")
def test_who_is_kept_aside_of_the_list_is_so_in_a_file(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    scores = pd.read_csv(tmp_path / "out.csv", dtype={"Customer No": str})
    drawn = in_control(scores["Customer No"], share=0.5, campaign="spring").tolist()
    assert scores["kept_aside"].tolist() == drawn
    assert set(drawn) == {True, False}


@pytest.mark.parametrize(
    "broken", ['{"name": "spring", "control_share": 7}', '{"control_share": 0.5}']
)
def test_a_file_waits_until_the_newest_campaign_can_be_read(
    run, spring, tmp_path, broken
):
    file = spring / "2026-01-02T00.00.00.000Z" / spring.name
    file.parent.mkdir()
    file.write_text(broken)
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert "expected the campaign of the pipeline scoring in" in done.output
    assert "run `kedro run --pipelines scoring` again" in done.output
    assert not (tmp_path / "out.csv").exists()


def test_a_campaign_kept_in_another_folder_is_found_there(
    run, spring, tmp_path, monkeypatch
):
    (tmp_path / "tiny").mkdir()
    shutil.move(spring, tmp_path / "tiny" / spring.name)
    monkeypatch.setenv("CHURN_OUTPUT_DIR", str(tmp_path))
    (tmp_path / "in.csv").write_text(ROWS)
    run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert set(pd.read_csv(tmp_path / "out.csv")["kept_aside"]) == {True, False}


def test_who_left_by_the_label_of_the_file_is_gone(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    header, *rows = ROWS.splitlines()
    labels = ["YES ", "no", "yes", ""]
    lines = [f"{row},{label}" for row, label in zip(rows, labels, strict=True)]
    (tmp_path / "left.csv").write_text("\n".join([f"{header},left", *lines]) + "\n")
    done = run("--env", "tiny", tmp_path / "left.csv", tmp_path / "gone.csv")
    assert done.exit_code == 0, done.output
    before = pd.read_csv(tmp_path / "out.csv")
    after = pd.read_csv(tmp_path / "gone.csv")
    assert after["churn_probability"].tolist() == before["churn_probability"].tolist()
    kept = before["decision"].tolist()
    assert after["decision"].tolist() == ["gone", kept[1], "gone", kept[3]]
    assert "2 gone): " in done.output


def test_days_are_counted_to_today_or_the_date_asked_for(run, dated, tmp_path):
    (tmp_path / "in.csv").write_text(
        "Customer No,tenure_months,monthly_charge,plan\n1,2026-03-01,,basic\n"
    )
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    known = {"monthly_charge": [None], "plan": ["basic"]}
    for options, days, words in (
        (("--today", "2026-03-11"), 10, "2026-03-11 (today; --date for another day)"),
        (("--date", "2026-03-31"), 30, "2026-03-31 (as --date says)"),
    ):
        done = run("--env", dated, *options, source, target)
        assert done.exit_code == 0, done.output
        assert f"days counted up to {words}" in done.output
        expected = tiny_artifact().predict({"tenure_months": [days], **known})
        found = pd.read_csv(target)["churn_probability"]
        assert found.tolist() == pytest.approx(expected.tolist())


def test_a_date_is_refused_where_no_days_are_counted(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    paths = (tmp_path / "in.csv", tmp_path / "out.csv")
    done = run("--env", "tiny", "--date", "2026-03-31", *paths)
    assert done.exit_code == 1
    assert "got 2026-03-31 for tiny, which has none; leave --date out" in done.output


def test_parquet_goes_to_parquet_with_ids_as_they_were(run, tmp_path):
    frame = pd.DataFrame(
        {
            "Customer No": [12, 7],
            "tenure_months": [3, 40],
            "monthly_charge": [10.5, None],
            "plan": ["basic", "plus"],
            "left": [None, "yes"],
        }
    )
    frame.to_parquet(tmp_path / "in.parquet")
    done = run("--env", "tiny", tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert done.exit_code == 0, done.output
    scores = pd.read_parquet(tmp_path / "out.parquet")
    assert scores["Customer No"].tolist() == [12, 7]
    assert scores["Customer No"].dtype == "int64"
    assert scores["churn_probability"].tolist() == pytest.approx(_expected()[:2])


def test_an_unknown_category_is_scored_and_told_as_over_http(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert "scored all the same: plan: 1" in done.output
    service = Predictor(tiny_artifact())
    body = b'{"tenure_months": 71, "monthly_charge": 99, "plan": "unheard of"}'
    told, warnings = service.one(service.reader.one(body))
    assert warnings == {"plan": {"unknown_category": 1}}
    scores = pd.read_csv(tmp_path / "out.csv")
    assert scores["churn_probability"][2] == pytest.approx(told.probability)


def test_bad_rows_are_written_apart_with_reason_and_original(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS + "f,999,x,1,basic\n")
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert "1 of 5 rows rejected" in done.output
    bad = pd.read_csv(tmp_path / "out.rejected.csv")
    assert bad["row"].tolist() == [5]
    assert "tenure_months" in bad["reasons"][0]
    assert json.loads(bad["original"][0])["tenure_months"] == "999"
    assert len(pd.read_csv(tmp_path / "out.csv")) == 4


def test_more_bad_rows_than_allowed_end_with_an_error(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS + "f,999,x,1,basic\ng,x,x,1,basic\n")
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert "expected at most 25.0% invalid rows, got 2 of 6" in done.output
    assert len(pd.read_csv(tmp_path / "out.csv")) == 4


def test_a_missing_column_is_named_and_nothing_is_written(run, tmp_path):
    (tmp_path / "in.csv").write_text("Customer No,tenure,plan\n1,2,basic\n")
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert "expected a column `tenure_months`" in done.output
    assert list(tmp_path.iterdir()) == [tmp_path / "in.csv"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("out.rejected.csv", "out.csv"),
        ("out.csv", "out.csv"),
        ("out.csv", "sub/../out.csv"),
        ("link.csv", "out.csv"),
        ("out.csv", "link.csv"),
    ],
)
def test_the_file_to_read_is_never_written(run, tmp_path, source, target):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "out.csv")
    (tmp_path / source).write_text(ROWS)
    done = run("--env", "tiny", tmp_path / source, f"{tmp_path}/{target}")
    assert done.exit_code == 1
    assert "name another OUTPUT" in done.output
    assert (tmp_path / source).read_text() == ROWS


def test_earlier_rejected_rows_are_replaced_only_when_all_is_scored(run, tmp_path):
    earlier = tmp_path / "out.rejected.csv"
    earlier.write_text("earlier")
    (tmp_path / "in.csv").write_text("Customer No,tenure,plan\n1,2,basic\n")
    assert run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv").exit_code
    assert earlier.read_text() == "earlier"
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "tiny", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 0, done.output
    assert not earlier.exists()


def test_a_file_that_is_not_there_is_named_and_no_catalog_is_blamed(run, tmp_path):
    done = run("--env", "tiny", tmp_path / "none.csv", tmp_path / "out.csv")
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "none.csv, got none; put it there, or correct the path" in said
    assert "catalog.yml" not in said
    assert "CHURN_DATA_DIR" not in said


def test_below_the_project_paths_are_those_of_the_current_folder(
    run, tiny, monkeypatch
):
    below = tiny.folder / "notebooks/below"
    below.mkdir()
    (below / "in.csv").write_text(ROWS)
    monkeypatch.chdir(below)
    done = run("--env", "tiny", "in.csv", "out.csv")
    assert done.exit_code == 0, done.output
    assert {path.name for path in below.iterdir()} == {"in.csv", "out.csv"}
    assert len(pd.read_csv(below / "out.csv")) == 4


def test_an_unknown_output_format_is_refused_before_any_work(run, tmp_path):
    done = run("--env", "tiny", tmp_path / "none.csv", tmp_path / "out.xml")
    assert done.exit_code == 1
    assert "got 'out.xml'" in done.output


def test_without_a_champion_it_says_what_to_run(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    done = run("--env", "telco", tmp_path / "in.csv", tmp_path / "out.csv")
    assert done.exit_code == 1
    assert "no champion of telco yet: start with `kedro run`" in done.output


def test_a_day_that_is_none_is_refused_in_words(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    paths = (tmp_path / "in.csv", tmp_path / "out.csv")
    done = run("--env", "tiny", "--today", "soon", *paths)
    assert done.exit_code == 1
    assert "expected `today` to be a date such as 2025-07-01, got 'soon'" in done.output
    assert not (tmp_path / "out.csv").exists()
    assert run("--env", "tiny", "--today", "2026-01-01", *paths).exit_code == 0


def test_a_file_in_s3_is_scored_with_credentials_by_name(run, tiny, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    run("--env", "tiny", tmp_path / "in.csv", tmp_path / "local.csv")
    keys = tiny.folder / "conf/tiny/credentials.yml"
    with s3_store() as store:
        url = store.put("new/in.csv", ROWS)
        keys.write_text(json.dumps({"lake": store.options}))
        done = run(
            "--env", "tiny", "--credentials", "lake", url, tmp_path / "remote.csv"
        )
    keys.unlink()
    assert done.exit_code == 0, done.output
    scores = (tmp_path / "remote.csv").read_text()
    assert scores == (tmp_path / "local.csv").read_text()


def test_reasons_are_told_of_those_to_call(run, tmp_path):
    (tmp_path / "in.csv").write_text(ROWS)
    given = ("--env", "tiny", "--reasons", 2, tmp_path / "in.csv")
    for name in ("out.csv", "out.parquet"):
        done = run(*given, tmp_path / name)
        assert done.exit_code == 0, done.output
    scores = pd.read_csv(tmp_path / "out.csv", dtype={"Customer No": str})
    called = scores["decision"] == "call"
    assert 0 < called.sum() < len(scores)
    assert scores["reasons"].notna().tolist() == called.tolist()
    assert scores["reasons"][0].startswith("tenure_months: 3 months (typically 3")
    parquet = pd.read_parquet(tmp_path / "out.parquet")
    assert parquet["reasons"][0] == scores["reasons"][0]
    refused = run("--reasons", 11, tmp_path / "in.csv", tmp_path / "out.csv")
    assert refused.exit_code == 2
    assert "0<=x<=10" in refused.output
