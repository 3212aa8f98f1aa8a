"""Nobody is told to call whom the list keeps aside, and the log says so."""

import datetime as dt
import sqlite3

import ibis
import numpy as np
import pandas as pd
import pytest
from kedro.io import Version
from kedro_datasets.json import JSONDataset

from churn_pipeline.pipelines.scoring.calls import assign_calls, state_campaign
from churn_pipeline.pipelines.scoring.params import Scoring
from churn_pipeline.serving import control_group, newest
from churn_pipeline.serving.control_group import CAMPAIGN, Control
from churn_pipeline.serving.metrics import Metrics, summed
from churn_pipeline.serving.refreshing import refresh
from tests.factories import COSTS, tiny_artifact
from tests.serving.apps import GOOD, app_of, client_of

CUSTOMERS = [f"c{i:03}" for i in range(200)]
ROWS = [GOOD | {"customer_id": customer} for customer in CUSTOMERS]
KEY = "0123456789abcdef"


def run_scoring(outputs, version, **scoring):
    """Deal out calls, write down by what, and return whom the list keeps aside."""
    asked, date = Scoring(**scoring), dt.date(2026, 2, 1)
    scores = pd.DataFrame(
        {
            "customer_id": CUSTOMERS,
            "observation_date": pd.Timestamp(date),
            "churn_probability": np.linspace(0.9, 0.5, len(CUSTOMERS)),
            "held_out": False,
            "decision": "call",
            "expected_profit": 5.0,
            "customer_value": 10.0,
            "certainty": "leaves",
            "model_version": "v1",
        }
    )
    rows = scores[["customer_id"]].assign(observation_date=date)
    calls = assign_calls(
        scores,
        ibis.memtable(rows),
        {"segments": []},
        champion=tiny_artifact(),
        decision=COSTS,
        scoring=asked,
    )
    file = str(outputs / "tiny" / CAMPAIGN)
    made = JSONDataset(filepath=file, version=Version(version, version))
    listed = calls[calls["arm"] == "call"]
    made.save(state_campaign(calls, listed, asked))
    return set(calls.loc[calls["arm"] == "control", "customer_id"])


def kept_aside(predictions):
    return {one["customer_id"] for one in predictions if one["kept_aside"]}


def told_one_by_one(app):
    client = client_of(app)
    return kept_aside(client.post("/predict", json=row).json() for row in ROWS)


def serving(outputs, **environment):
    return app_of(tiny_artifact(), CHURN_OUTPUT_DIR=str(outputs), **environment)


@pytest.fixture
def outputs(tmp_path):
    return tmp_path / "outputs"


@pytest.mark.parametrize("key", [{}, {"CHURN_PSEUDONYM_KEY": KEY}])
def test_the_service_keeps_aside_whom_the_list_does(outputs, key):
    listed = run_scoring(outputs, "v1")
    app = serving(outputs, **key)
    assert 10 <= len(listed) <= 35
    assert told_one_by_one(app) == listed


@pytest.mark.parametrize("path", ["/predict_batch", "/explain"])
def test_many_customers_are_kept_aside_as_one_is(outputs, path):
    listed = run_scoring(outputs, "v1", control_share=0.5)
    rows = ROWS[:90]
    told = client_of(serving(outputs)).post(path, json=rows).json()["predictions"]
    assert kept_aside(told) == listed & set(CUSTOMERS[:90])


def test_customers_in_a_csv_are_kept_aside_as_in_json(outputs):
    listed = run_scoring(outputs, "v1")
    csv = pd.DataFrame(ROWS).to_csv(index=False)
    sent = {"content": csv, "headers": {"content-type": "text/csv"}}
    told = client_of(serving(outputs)).post("/predict_batch", **sent).json()
    assert kept_aside(told["predictions"]) == listed


@pytest.mark.parametrize("n", [1, len(CUSTOMERS)])
def test_the_open_inference_protocol_tells_who_is_kept_aside(outputs, n):
    listed = run_scoring(outputs, "v1", control_share=0.5)
    columns = {name: [row[name] for row in ROWS[:n]] for name in ROWS[0]}
    inputs = [
        {"name": name, "datatype": "BYTES" if type(v[0]) is str else "FP64"}
        | {"shape": [n], "data": v}
        for name, v in columns.items()
    ]
    body = {"inputs": inputs, "outputs": [{"name": "kept_aside"}]}
    asked = client_of(serving(outputs)).post("/v2/models/tiny/infer", json=body)
    (told,) = asked.json()["outputs"]
    assert told["datatype"] == "BOOL"
    assert told["data"] == [customer in listed for customer in CUSTOMERS[:n]]


def test_what_is_decided_stays_what_the_model_says(outputs):
    without, row = client_of(app_of(tiny_artifact())), GOOD | {"customer_id": 7}
    run_scoring(outputs, "v1", control_share=0.5)
    names = ("churn_probability", "threshold", "decision", "expected_profit")
    before = without.post("/predict", json=row).json()
    after = client_of(serving(outputs)).post("/predict", json=row).json()
    assert [after[name] for name in names] == [before[name] for name in names]


def test_a_number_is_drawn_as_the_text_of_it(outputs):
    run_scoring(outputs, "v1", control_share=0.5)
    rows = [GOOD | {"customer_id": made(i)} for made in (int, str) for i in range(50)]
    asked = client_of(serving(outputs)).post("/predict_batch", json=rows)
    told = [one["kept_aside"] for one in asked.json()["predictions"]]
    assert told[:50] == told[50:]
    assert 0 < sum(told) < 100


def test_another_campaign_is_drawn_by_without_a_restart(outputs):
    app = serving(outputs)
    assert told_one_by_one(app) == set()
    for version, campaign in (("v1", "spring"), ("v2", "autumn")):
        listed = run_scoring(outputs, version, campaign=campaign)
        refresh(app.parts)
        assert told_one_by_one(app) == listed


@pytest.mark.parametrize("row", [GOOD, GOOD | {"customer_id": None}])
def test_who_has_no_id_is_in_no_group(outputs, row):
    run_scoring(outputs, "v1", control_share=0.5)
    told = client_of(serving(outputs)).post("/predict", json=row).json()
    assert told["kept_aside"] is False


def test_a_list_that_calls_everybody_keeps_nobody_aside(outputs):
    run_scoring(outputs, "v1", control_share=0.5)
    run_scoring(outputs, "v2", control_share=0)
    app = serving(outputs)
    assert told_one_by_one(app) == set()
    assert logged(app) == {(None, 0)}


def test_a_broken_campaign_changes_nothing_until_it_is_mended(outputs, caplog):
    app = serving(outputs)
    listed = run_scoring(outputs, "v1")
    refresh(app.parts)
    run_scoring(outputs, "v2", campaign="other")
    file = newest.versions(outputs / "tiny" / CAMPAIGN)[0]
    whole = file.read_text()
    file.write_text(whole.replace('"control_share": 0.1', '"control_share": 7'))
    for _ in range(3):
        refresh(app.parts)
    stale = ("churn_stale", (("part", "campaign"),))
    assert told_one_by_one(app) == listed
    assert told_one_by_one(serving(outputs)) == listed  # started only now
    assert app.parts.metrics.samples()[stale] == 1
    (said, _of_the_other_service) = told_by(caplog, newest)
    assert said.startswith("the control group is that of before: expected the campaign")
    assert said.endswith("run `kedro run --pipelines scoring --env tiny` again")
    file.write_text(whole)
    refresh(app.parts)
    assert app.parts.metrics.samples()[stale] == 0
    assert app.parts.control.group.campaign == "other"


def told_by(caplog, module):
    return [r.getMessage() for r in caplog.records if r.name == module.__name__]


def shares(app):
    """Return the share kept aside by the labels of the gauge."""
    found = app.parts.metrics.samples().items()
    return {labels: n for (name, labels), n in found if name == "churn_control_share"}


def test_where_the_first_campaign_is_broken_the_log_says_that_there_is_none(
    outputs, caplog
):
    run_scoring(outputs, "v1")
    newest.newest(outputs / "tiny" / CAMPAIGN).write_text('{"name": "spring"}')
    app = serving(outputs)
    for _ in range(3):
        refresh(app.parts)
    (said,) = told_by(caplog, newest)
    assert said.startswith("there is no control group, so that everybody may be called")
    assert told_one_by_one(app) == set()
    assert app.parts.failing["campaign"] == said
    assert shares(app) == {(): 0}


def test_a_start_without_lists_is_told(outputs, caplog):
    app = serving(outputs)
    (said,) = told_by(caplog, control_group)
    assert said == f"nobody is kept aside: no campaign in {outputs / 'tiny'} yet"
    assert shares(app) == {(): 0}


def test_the_campaign_in_force_is_a_metric_and_each_change_of_it_in_the_log(
    outputs, caplog
):
    run_scoring(outputs, "v1", campaign="spring")
    app = serving(outputs)
    assert shares(app) == {(("campaign", "spring"),): 0.1}
    run_scoring(outputs, "v2", campaign="spring")
    refresh(app.parts)
    run_scoring(outputs, "v3", campaign="autumn", control_share=0)
    refresh(app.parts)
    assert shares(app) == {(("campaign", "autumn"),): 0}
    spring = "the campaign 'spring', 10.0% kept aside"
    autumn = "the campaign 'autumn', 0.0% kept aside"
    assert told_by(caplog, control_group) == [
        f"the service draws by {spring} from now on (until now none)",
        f"the service draws by {autumn} from now on (until now {spring})",
    ]


def test_workers_agree_on_the_share_and_do_not_add_it_up():
    one = {("churn_control_share", (("campaign", "spring"),)): 0.1}
    assert summed([one, one]) == one


def test_a_folder_that_is_gone_ends_no_campaign(outputs):
    run_scoring(outputs, "v1")
    control = Control(outputs / "tiny", Metrics(), "tiny")
    (outputs / "tiny").rename(outputs / "elsewhere")
    control.refresh()
    assert control.group.campaign == "first"
    assert control.problems() == {"campaign": None}


def logged(app):
    """Return the campaigns of the log, and who was kept aside."""
    assert app.parts.journal.flush()
    with sqlite3.connect(app.folder / "journal.db") as log:
        return set(log.execute("SELECT campaign, kept_aside FROM predictions"))


@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
def test_the_log_says_who_was_kept_aside_and_by_which_campaign(outputs, path):
    listed = run_scoring(outputs, "v1", campaign="spring")
    app = serving(outputs)
    client = client_of(app)
    for body in [ROWS] if path == "/predict_batch" else ROWS:
        client.post(path, json=body)
    assert logged(app) == {("spring", 0), ("spring", 1)}
    with sqlite3.connect(app.folder / "journal.db") as log:
        asked = "SELECT customer FROM predictions WHERE kept_aside = 1"
        assert {name for (name,) in log.execute(asked)} == listed


def test_without_a_list_the_log_knows_of_no_campaign(outputs):
    app = serving(outputs)
    told_one_by_one(app)
    assert logged(app) == {(None, 0)}


def test_who_is_kept_aside_is_counted_and_earns_nothing(outputs):
    listed = run_scoring(outputs, "v1", control_share=0.5)
    app = serving(outputs)
    client = client_of(app)
    one_by_one = [client.post("/predict", json=row).json() for row in ROWS]
    at_once = client.post("/predict_batch", json=ROWS).json()["predictions"]
    found = app.parts.metrics.samples()
    assert found["churn_kept_aside_total", ()] == 2 * len(listed)
    calls = [one for one in one_by_one + at_once if one["decision"] == "call"]
    earned = sum(one["expected_profit"] for one in calls if not one["kept_aside"])
    (profit,) = [v for s, v in found.items() if s[0] == "churn_expected_profit_total"]
    assert 0 < profit == pytest.approx(earned)
