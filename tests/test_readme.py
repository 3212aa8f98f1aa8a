"""The README's commands work as they stand."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest

from tests.conftest import ROOT, Project

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.M)))
)
def test_every_make_target_named_exists(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\]\(([^)h#][^)]*)\)", README)))
)
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_no_placeholder_is_left() -> None:
    assert not re.findall(r"\b[A-Z]+_[A-Z]+\b", re.sub("CHURN_DATA_DIR", "", README))


def test_make_alone_lists_the_targets() -> None:
    done = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    for target in ("run", "test", "serve", "lab", "viz", "mlflow", "bench", "lint"):
        assert f"make {target} " in done.stdout


def customers(rows: int) -> str:
    """Return a table as a user would bring it; who left follows calls and months."""
    lines = ["customer_id,months,calls,plan,churned"]
    for i in range(rows):
        months, calls = i * 7 % 60 + 1, i * 11 % 9
        left = calls * 8 - months / 2 + i * 13 % 17 > 30
        answer = "yes" if left else "no"
        lines.append(f"C{i:05},{months},{calls},{'basic plus'.split()[i % 2]},{answer}")
    return "\n".join(lines) + "\n"


def test_bringing_your_own_table_goes_as_written(project: Project) -> None:
    (project.folder / "customers.csv").write_text(customers(2000), "utf-8")
    new = "\n".join(
        line.rsplit(",", 1)[0] for line in customers(40).strip().split("\n")
    )
    (project.folder / "new_customers.csv").write_text(new + "\n", "utf-8")
    for line in blocks("bash")[0].strip().splitlines():
        if line.startswith("kedro run"):
            quick = project.folder / "conf" / "shop" / "parameters_training.yml"
            shutil.copy(ROOT / "conf" / "test" / "parameters_training.yml", quick)
        project.kedro(*shlex.split(line)[1:])
    scores = (project.folder / "scores.csv").read_text("utf-8").splitlines()
    assert (
        scores[0] == "customer_id,churn_probability,decision,expected_profit,certainty"
    )
    assert len(scores) == 1 + 40
