"""The runbook names what can be stale: no more parts than there are, and no fewer."""

import re

from tests.conftest import ROOT
from tests.serving.apps import app_of, two_models

TEXT = (ROOT / "docs" / "runbook.md").read_text("utf-8")


def test_the_parts_of_churn_stale_are_those_of_the_service(tmp_path):
    store = two_models(tmp_path)
    parts = app_of(store.champion(), store).parts
    told = {name for part in parts.followers for name in part.problems()}
    parts.close()
    section = TEXT.partition("## ChurnStale\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` ", section, flags=re.MULTILINE)) == told
