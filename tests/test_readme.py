"""The README's commands work as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, Project

PATH = os.environ["PATH"]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.M)))
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
    assert not re.findall(r"\b[A-Z]+_[A-Z]+\b", re.sub(r"CHURN_\w+", "", README))


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
    told = "churn_probability,decision,expected_profit,certainty,kept_aside"
    assert scores[0] == f"customer_id,{told}"
    assert len(scores) == 1 + 40


def test_asking_the_service_goes_as_written(trained: Project, tmp_path: Path) -> None:
    here = trained.copy(tmp_path / "project").folder
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (asking,) = (block for block in blocks("console") if "keys add" in block)
    asking = asking.replace(":3000", f":{port}").replace("add me", "add me --env test")
    command = f"set -eo pipefail; {asking}"
    serve = [sys.executable, "-m", "churn_pipeline.serving", "--port", str(port)]
    with subprocess.Popen([*serve, "--env", "test"], cwd=here) as server:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}", server)
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=here,
                env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{PATH}"},
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr
    assert 0 <= json.loads(done.stdout)["churn_probability"] <= 1


def wait_until_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when a server answers that it is ready."""
    while server.poll() is None:
        try:
            if httpx.get(f"{address}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:  # not listening yet
            with suppress(subprocess.TimeoutExpired):
                server.wait(timeout=0.1)
    raise AssertionError(f"the server ended with {server.returncode}")
