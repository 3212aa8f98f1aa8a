"""The page itself: open, packed, read once, and light to serve."""

import subprocess
import sys

import pytest

from churn_pipeline.serving.desk import page
from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
from tests.serving.desk.files import leave_list


def test_the_page_is_open_and_holds_no_data(client, outputs):
    del client.headers["X-API-Key"]
    page = client.get("/desk")
    assert page.status_code == 200
    assert "C-2" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    script = client.get("/desk/plots.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "uPlot" in script.text


def test_the_page_travels_packed_where_it_may(client):
    packed = client.get("/desk", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/desk", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < 15_000
    script = client.get("/desk/plots.js", headers={"Accept-Encoding": "gzip"})
    assert int(script.headers["content-length"]) < 25_000


@pytest.mark.parametrize("path", ["/desk", "/desk/plots.js"])
def test_files_of_the_page_are_read_once(client, monkeypatch, tmp_path, path):
    first = client.get(path, headers={"Accept-Encoding": "identity"})
    monkeypatch.setattr(page, "_HERE", tmp_path)  # nothing to read there
    for encoding in ("identity", "gzip"):
        again = client.get(path, headers={"Accept-Encoding": encoding})
        assert again.status_code == 200
        assert again.content == first.content


def test_a_link_of_the_runbook_is_one_of_the_web(tmp_path):
    with pytest.raises(ValueError, match="begin with https://, got 'javascript"):
        Places.of(
            "tiny",
            tmp_path,
            "sqlite://",
            Pseudonyms(),
            {"CHURN_RUNBOOK_URL": "javascript:alert(1)"},
        )


def test_what_the_page_asks_for_imports_no_heavy_package(tmp_path):
    leave_list(tmp_path / "tiny")
    asked = f"""
import sys
from pathlib import Path
from churn_pipeline.serving.desk import page
from churn_pipeline.serving.desk.calls import Budget, calls_as_csv, read_calls
from churn_pipeline.serving.desk.customer import show_customer
from churn_pipeline.serving.desk.places import Places
from churn_pipeline.serving.journal.pseudonym import Pseudonyms
at = Path({str(tmp_path)!r})
url = f"sqlite:///{{at}}/journal.db"
places = Places.of("tiny", at, url, Pseudonyms(), {{"CHURN_OUTPUT_DIR": str(at)}})
assert len(calls_as_csv(read_calls(places), Budget())) > 100
assert len(show_customer(places, "C-9", None).lists) == 1
print([name for name in ("torch", "pandas", "sklearn", "kedro") if name in sys.modules])
"""
    ran = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
