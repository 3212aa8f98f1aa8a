"""Numbers of several workers are one server's."""

import os
import shutil
import subprocess
import sys

import pytest

from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.metrics import BOUNDS, Metrics, page
from churn_pipeline.serving.shared import Shared

COSTS = Decision(600, 5, 50, 0.25)
WORKER = """
import sys
from pathlib import Path
from churn_pipeline.evaluation.decision import Decision
from churn_pipeline.serving.metrics import Metrics
from churn_pipeline.serving.shared import Shared
made = Metrics()
for _ in range(5):
    made.answered("/predict", 200, 0.002)
made.put("churn_in_work", 7)
made.put("churn_drift_score", 0.3, feature="plan")
made.worth("shop", "1", "champion", Decision(600, 5, 50, 0.25)).add(2, 1, 40)
Shared(Path(sys.argv[1])).leave(made.samples())
"""


def test_counters_of_a_worker_that_has_ended_stay_and_its_gauges_go(tmp_path):
    subprocess.run([sys.executable, "-c", WORKER, str(tmp_path)], check=True)
    own = Metrics()
    own.answered("/predict", 200, 0.002)
    own.put("churn_in_work", 1)
    found = Shared(tmp_path).with_others(own.samples())
    labels = (("endpoint", "/predict"), ("status", "200"))
    assert found["churn_requests_total", labels] == 6
    assert found["churn_in_work", ()] == 1


def test_workers_add_up_money_but_not_what_all_see_alike(tmp_path):
    other = subprocess.Popen(
        [sys.executable, "-c", WORKER + "input()", str(tmp_path)], stdin=subprocess.PIPE
    )
    while not list(tmp_path.glob("*.json")):
        assert other.poll() is None
    own = Metrics()
    own.put("churn_in_work", 1)
    own.put("churn_drift_score", 0.3, feature="plan")
    own.worth("shop", "1", "champion", COSTS).add(1, 0.5, 2.5)
    found = Shared(tmp_path).with_others(own.samples())
    other.communicate(b"\n")
    of = ("model", "shop"), ("version", "1"), ("variant", "champion")
    assert found["churn_expected_profit_total", of] == 42.5
    assert found["churn_in_work", ()] == 8
    assert found["churn_drift_score", (("feature", "plan"),)] == 0.3


def test_what_a_worker_left_itself_is_not_counted_twice(tmp_path):
    own, shared = Metrics(), Shared(tmp_path)
    own.answered("/predict", 200, 0.002)
    shared.leave(own.samples())
    labels = (("endpoint", "/predict"), ("status", "200"))
    assert shared.with_others(own.samples())["churn_requests_total", labels] == 1
    assert (tmp_path / f"{os.getpid()}.json").is_file()


def test_a_histogram_counts_all_that_took_no_longer():
    made = Metrics()
    for seconds in (BOUNDS[0], 0.003, 99):
        made.answered("/predict", 200, seconds)
    text = page(made.samples())
    head = 'churn_request_seconds_bucket{endpoint="/predict",le='
    assert f'{head}"0.0001"}} 1\n' in text
    assert f'{head}"0.005"}} 2\n' in text
    assert f'{head}"10.0"}} 2\n' in text
    assert f'{head}"+Inf"}} 3\n' in text


def test_labels_are_escaped():
    made = Metrics()
    made.warned({'a"b\\c\nd': {"missing": 2}})
    assert r'feature="a\"b\\c\nd",kind="missing"} 2' in page(made.samples())


def test_numbers_are_left_though_the_folder_was_cleaned_away(tmp_path):
    shared = Shared(tmp_path / "numbers")
    shutil.rmtree(tmp_path / "numbers")
    shared.leave(Metrics().samples())
    assert len(list((tmp_path / "numbers").iterdir())) == 1


def test_a_gauge_is_there_while_its_other_labels_are_dropped():
    made = Metrics()
    for version in ("v1", "v2"):
        made.put("churn_workers", 1, version=version)
    made.drop("churn_workers", version="v2")
    assert made.others == {("churn_workers", (("version", "v2"),)): 1}
    made.drop("churn_workers")
    assert not made.others


def test_a_link_is_no_folder_for_the_numbers(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="got a link"):
        Shared(tmp_path / "link")
