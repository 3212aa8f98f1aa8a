"""The results: the right customers, in the right arm, once, from a real journal."""

import numpy as np
import pytest

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.journal.database import connect
from churn_pipeline.serving.journal.feedback import DAY_NS
from churn_pipeline.serving.rollout.results import results
from churn_pipeline.serving.rollout.spec import RolloutState, Share
from churn_pipeline.serving.rollout.tally import tally

START = 1_767_225_600 * 10**9  # 2026-01-01
NOW = START + 200 * DAY_NS
HORIZON = 60
STATE = RolloutState(
    challenger="v2",
    percentage=50,
    planned=2_000,
    shares=(Share(time="2026-01-01T00:00:00+00:00", percentage=50),),
)
COSTS = Decision(100, 1, 10, 0.5, 1.0)
VERSIONS = {"champion": "v1", "challenger": "v2", "shadow": "v3", "outside": "v1"}


def _row(variant, probability, label, *, customer=None, time=START, **other):
    """An answer and its label; `version`, `value`, `known` and `request` may differ."""
    row = {
        "variant": variant,
        "version": VERSIONS[variant],
        "probability": probability,
        "churned": label,
        "customer": customer,
        "time": time,
        "value": None,
        "known": time + HORIZON * DAY_NS,
        "request": None,
    }
    return row | other


def _arm(variant, n, *, sharp, seed, prefix=""):
    """Return customers of whom the model knows the more, the larger `sharp` is."""
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.05, 0.95, n)
    label = rng.random(n) < chance
    said = 0.5 + sharp * (chance - 0.5)
    return [
        _row(
            variant,
            float(p),
            int(y),
            customer=f"{prefix}{i}" if prefix else None,
            request=f"{prefix}{i}" if prefix else None,
        )
        for i, (p, y) in enumerate(zip(said, label, strict=True))
    ]


def _log(database, rows):
    """Write rows into the tables as the service does."""
    kinds = sorted({(row["version"], row["variant"]) for row in rows})
    requests, predictions, labels = [], [], []
    for i, row in enumerate(rows, start=1):
        name = f"{row['request'] or i}"
        requests.append((i, name, row["time"], "/predict", "k", 90))
        decision = "call" if row["probability"] >= 0.2 else "no_call"
        told = (i, 0, row["customer"], row["probability"], 0.2, decision)
        model = kinds.index((row["version"], row["variant"])) + 1
        day = row["time"] // DAY_NS
        predictions.append((*told, model, 1, 0, day, row["value"], 0))
        if row["churned"] is not None:
            labels.append((row["known"], row["known"], name, 0, row["churned"], "k"))
    with database.writing():
        named = [(i, v, "a", kind) for i, (v, kind) in enumerate(kinds, start=1)]
        columns = ("id", "model_version", "artifact_sha256", "variant")
        database.insert("model", columns, named)
        columns = (
            "id",
            "request_id",
            "time_ns",
            "endpoint",
            "key_hash",
            "microseconds",
        )
        database.insert("request", columns, requests)
        columns = (
            *("request", "line", "customer", "probability", "threshold", "decision"),
            *("model", "inputs", "place", "day", "value", "kept_aside"),
        )
        database.insert("prediction", columns, predictions)
        columns = (
            *("received_ns", "known_ns", "request_id", "line", "churned", "key_hash"),
        )
        database.insert("feedback", columns, labels)


@pytest.fixture
def count(tmp_path):
    """Returns the results of rows in a journal of their own."""
    made = []

    def counted(rows, state=STATE, decision=None, champion=None):
        database = connect(f"sqlite:///{tmp_path / f'{len(made)}.db'}")
        made.append(database)
        _log(database, rows)
        found = tally(
            database,
            state,
            maturity_days=HORIZON,
            now_ns=NOW,
            decision=decision,
            champion=champion,
        )
        return results(found, state)

    yield counted
    for database in made:
        database.close()


def _metric(found, name):
    return next(m for m in found.metrics if m.metric == name)


def test_a_better_model_is_told_to_be_better(count):
    rows = _arm("champion", 1_500, sharp=0.2, seed=0)
    rows += _arm("challenger", 1_500, sharp=1.0, seed=1)
    found = count(rows, STATE, COSTS)
    assert found.verdict == "better"
    loss = _metric(found, "log_loss")
    assert loss.low <= loss.difference <= loss.high < 0
    assert loss.level == 0.025
    assert found.customers == {"champion": 1_500, "challenger": 1_500}


def test_a_worse_model_is_told_to_be_worse_or_to_do_harm(count):
    rows = _arm("champion", 3_000, sharp=1.0, seed=0)
    rows += _arm("challenger", 3_000, sharp=-0.5, seed=1)
    assert _metric(count(rows, STATE), "log_loss").verdict == "worse"
    assert count(rows, STATE).verdict == "harm"  # the Brier score is worse as well


def test_equal_models_are_not_told_apart(count):
    rows = _arm("champion", 1_500, sharp=1.0, seed=0)
    rows += _arm("challenger", 1_500, sharp=1.0, seed=1)
    assert count(rows, STATE, COSTS).verdict == "not_yet"


@pytest.mark.parametrize(
    ("who", "verdict"), [("canary", "harm"), ("ann", "not_yet"), ("", "not_yet")]
)
def test_only_what_the_canary_has_stopped_is_known_to_do_harm(count, who, verdict):
    by_whom = {"stopped": "complaints", "stopped_by": who}
    found = count([], STATE.model_copy(update=by_whom))
    assert (found.verdict, found.stopped) == (verdict, "complaints")


def test_once_the_challenger_is_the_champion_nothing_is_tried(count):
    rows = _arm("champion", 3_000, sharp=1.0, seed=0)
    rows += _arm("challenger", 3_000, sharp=-0.5, seed=1)
    assert count(rows, STATE, champion="v1").verdict == "harm"
    found = count(rows, STATE, champion="v2")
    assert (found.verdict, found.since, found.metrics) == ("not_yet", "", [])
    assert found.customers == {"champion": 0, "challenger": 0}


def test_answers_beside_the_champion_of_before_do_not_count_from_the_swap_on(count):
    rows = [_row("champion", 0.5, 0), _row("challenger", 0.5, 0)]
    found = count(rows, STATE, champion="v3")
    assert found.customers == {"champion": 0, "challenger": 0}


def test_no_outcome_yet_is_an_answer(count):
    found = count([], RolloutState(), COSTS)
    assert (found.verdict, found.metrics[0].low) == ("not_yet", None)


def test_customers_outside_and_other_versions_do_not_count(count):
    rows = [
        _row("champion", 0.5, 0),
        _row("outside", 0.5, 0),
        _row("challenger", 0.5, 0),
        _row("challenger", 0.5, 0, version="v0"),
    ]
    assert count(rows, STATE).customers == {"champion": 1, "challenger": 1}


def test_a_customer_counts_once_in_the_arm_that_came_first(count):
    rows = [
        _row("challenger", 0.9, 1, customer="A", time=START + 2),
        _row("champion", 0.1, 0, customer="A", time=START + 1),
        _row("champion", 0.2, 0, customer="A", time=START + 3),
    ]
    found = count(rows, STATE)
    assert found.customers == {"champion": 1, "challenger": 0}
    assert _metric(found, "brier").champion == pytest.approx(0.01)


def test_answers_of_an_earlier_champion_are_left_out(count):
    rows = [
        _row("champion", 0.5, 0, version="v0"),
        _row("challenger", 0.5, 0),
        _row("champion", 0.5, 0, time=START + DAY_NS),
        _row("challenger", 0.5, 0, time=START + DAY_NS),
    ]
    found = count(rows, STATE)
    assert found.customers == {"champion": 1, "challenger": 1}
    assert found.since == "2026-01-01T00:00:00+00:00"


def test_a_share_that_rises_in_worse_times_is_no_harm(count):
    # Equal models that know nothing; more leave in the second period.
    shares = (*STATE.shares, Share(time="2026-02-01T00:00:00+00:00", percentage=90))
    state = STATE.model_copy(update={"shares": shares})
    rng = np.random.default_rng(2)
    rows = []
    for time, rate, sizes in (
        (START, 0.1, (3_000, 300)),
        (START + 40 * DAY_NS, 0.4, (300, 3_000)),
    ):
        for variant, n in zip(("champion", "challenger"), sizes, strict=True):
            labels = rng.random(n) < rate
            rows += [_row(variant, 0.2, int(y), time=time) for y in labels]
    assert count(rows, state).verdict == "not_yet"
    assert count(rows, STATE).verdict == "harm"


def test_the_shadow_is_compared_on_the_same_customers(count):
    rows = _arm("champion", 500, sharp=0.2, seed=0, prefix="C")
    rows += _arm("shadow", 500, sharp=1.0, seed=0, prefix="C")
    rows += [_row("shadow", 0.5, 0, customer="nobody else")]
    rows += [_row("champion", 0.5, 0, customer="C0", time=START + DAY_NS)]
    state = STATE.model_copy(update={"shadow": "v3"})
    found = count(rows, state)
    assert found.customers["shadow"] == 500
    assert [m.metric for m in found.shadow] == ["log_loss", "brier"]
    assert found.shadow[0].verdict == "better"


def test_what_a_customer_brings_by_hand(count):
    # Called and left, called and stayed, left alone and left, and stayed.
    rows = [
        _row("champion", 0.9, 1),
        _row("champion", 0.9, 0, value=200.0),
        _row("champion", 0.1, 1),
        _row("challenger", 0.1, 0),
    ]
    profit = _metric(count(rows, STATE, COSTS), "profit")
    assert (profit.champion, profit.challenger) == ((-1 + 189 + 0) / 3, 100)


def test_profit_is_by_what_each_customer_is_worth(count):
    # The challenger keeps whom it calls; only those who are worth much are called.
    rng = np.random.default_rng(3)
    rows = []
    for i in range(4_000):
        variant = "challenger" if i % 2 else "champion"
        value, leaves = (500.0 if i % 4 < 2 else 5.0), rng.random() < 0.5
        kept = variant == "challenger" and value > 100
        said = 0.9 if value > 100 else 0.1
        rows.append(_row(variant, said, int(leaves and not kept), value=value))
    state = STATE.model_copy(update={"primary": "profit"})
    profit = _metric(count(rows, state, COSTS), "profit")
    assert profit.verdict == "better"
    assert 0 < profit.low < 122.5 < profit.high  # half of 489 less 244
    assert profit.level == 0.025


def test_only_matured_labels_count_and_when_is_told(count):
    rows = [
        _row("champion", 0.3, 1, time=NOW - DAY_NS),  # early, and a churner
        _row("champion", 0.3, 1),
        _row("champion", 0.3, 0),
        _row("champion", 0.3, 0, known=START + DAY_NS),  # has not stayed yet
        _row("champion", 0.3, None),
        _row("challenger", 0.3, 0),
    ]
    found = count(rows)
    assert found.customers == {"champion": 2, "challenger": 1}
    assert found.as_of == "2026-07-20T00:00:00+00:00"
    assert found.matured_until == "2026-05-21T00:00:00+00:00"


def test_the_last_label_holds(count):
    rows = [
        _row("challenger", 0.5, 0, request="x"),
        _row("outside", 0.5, 1, request="x"),  # its label is of the same request
    ]
    assert _metric(count(rows), "brier").challenger == 0.25
    assert count(rows).customers["challenger"] == 1


def test_whom_the_champion_answered_before_the_experiment_is_in_it(count):
    """Else a service with old customers would have an empty challenger's arm."""
    rows = [
        _row("champion", 0.1, 0, customer="A", time=START - 90 * DAY_NS),
        _row("challenger", 0.2, 0, customer="A"),
        _row("champion", 0.3, 0, customer="B"),
    ]
    found = count(rows)
    assert found.customers == {"champion": 1, "challenger": 1}
    assert found.since == "2026-01-01T00:00:00+00:00"


def test_the_database_adds_up_what_numpy_does(count):
    rows = _arm("champion", 300, sharp=0.9, seed=4)
    rows += _arm("challenger", 200, sharp=0.8, seed=5)
    found = count(rows)
    for variant in ("champion", "challenger"):
        mine = [row for row in rows if row["variant"] == variant]
        p = np.clip([row["probability"] for row in mine], 1e-6, 1 - 1e-6)
        y = np.array([row["churned"] for row in mine])
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        assert getattr(_metric(found, "log_loss"), variant) == pytest.approx(loss)
