"""GitHub's workflows: by its schema, with few rights, and with commands that exist."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from churn_pipeline.cli import churn
from tests.deploy.tools import DEPLOY, ROOT, by_schema, load

FOLDER = ROOT / ".github/workflows"
PATHS = sorted(FOLDER.glob("*.yml"))
WORKFLOWS: dict[str, Any] = {path.stem: load(path) for path in PATHS}
ON = True
"""YAML 1.1 reads the key `on` so."""
JOBS = [
    pytest.param(job, id=f"{name}-{key}")
    for name, workflow in WORKFLOWS.items()
    for key, job in workflow["jobs"].items()
]
PROGRAMS = {
    *("apt-get", "bash", "bentoml", "cp", "echo", "git", "kedro", "kubectl"),
    *("kustomize", "make", "printf", "rm"),
}


def steps() -> Iterator[dict[str, Any]]:
    for param in JOBS:
        yield from param.values[0]["steps"]  # type: ignore[index]


def scripts() -> list[str]:
    return [step["run"] for step in steps() if "run" in step]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "schema", ["github-workflows", "github-workflows-require-timeout"]
)
def test_a_workflow_is_what_github_takes(path: Path, schema: str) -> None:
    kind = "custom" if schema.endswith("timeout") else "vendor"
    assert by_schema(f"{kind}.{schema}", path).faults == ""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_write_nothing_but_the_image(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] in ({"contents": "read"}, {})
    for key, job in workflow["jobs"].items():
        rights = job.get("permissions", {})
        writes = {what for what, right in rights.items() if right != "read"}
        assert writes == ({"packages"} if key == "image" else set())


def test_actions_are_pinned_to_a_version() -> None:
    for step in steps():
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"])


def test_no_checkout_leaves_its_token_behind() -> None:
    found = [
        step for step in steps() if step.get("uses", "").startswith("actions/checkout")
    ]
    assert len(found) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in found)


def test_no_script_is_given_text_of_others_or_a_secret_as_its_own_words() -> None:
    """`${{ }}` in a script is pasted into it: whoever writes the text runs commands."""
    assert [script for script in scripts() if "${{" in script] == []
    shown = [
        s for s in scripts() if re.search(r"(echo|printf|cat)\b.*KUBE_?CONFIG\b", s)
    ]
    assert shown == []


@pytest.mark.parametrize("script", scripts())
def test_a_script_is_bash(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("script", scripts())
def test_a_script_begins_its_commands_with_programs_that_are_there(script: str) -> None:
    joined = script.replace("\\\n", " ")
    bare = re.sub(r'"[^"]*"', '""', joined)
    words = re.split(r"\n|&&|\|\||[;{}()]", bare)
    begun = {line.split()[0] for line in words if line.strip()}
    inner = {found.split()[0] for found in re.findall(r"\$\(([^)]*)\)", joined)}
    programs = {word.removeprefix(".venv/bin/") for word in begun | inner}
    assert programs <= PROGRAMS | {"cd", "exit", "umask", "printenv"}


def test_targets_of_make_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(VENV)", ".venv")
    called = re.findall(r"^make (\S+)$", "\n".join(scripts()), re.M)
    assert called
    for target in called:
        assert re.search(rf"^{re.escape(target)}:", makefile, re.M), target


def test_pipelines_that_are_run_exist_and_make_a_release_in_their_order() -> None:
    called = re.findall(r"--pipelines (\S+)", "\n".join(scripts()))
    run = [name for found in called for name in found.split(",")]
    assert run[-3:] == ["training", "evaluation", "release"]
    there = {p.name for p in (ROOT / "src/churn_pipeline/pipelines").iterdir()}
    assert set(run) <= there


@pytest.mark.parametrize("page", [None, "runbook", "deploy"])
def test_commands_of_kedro_churn_exist(page: str | None) -> None:
    text = "\n".join(scripts())
    if page:  # commands are wrapped where the line ends
        text = " ".join((ROOT / f"docs/{page}.md").read_text("utf-8").split())
    called = re.findall(
        r"kedro churn ([a-z]+)((?: [a-z]+)?(?: [A-Z_]+)?(?: --[\w-]+)*)", text
    )
    assert called
    for name, rest in called:
        command = churn.get_command(click.Context(churn), name)
        assert command is not None, name
        if isinstance(command, click.Group):
            inner = command.get_command(click.Context(command), rest.split()[0])
            assert inner is not None, rest
            command = inner
        known = {text for option in command.params for text in option.opts}
        assert {word for word in rest.split() if word.startswith("--")} <= known


def test_paths_that_start_a_training_exist() -> None:
    for pattern in WORKFLOWS["train"][ON]["push"]["paths"]:
        assert (ROOT / pattern.removesuffix("/**")).exists(), pattern


def test_a_deployment_passes_staging_and_then_waits_for_approval() -> None:
    jobs = WORKFLOWS["deploy"]["jobs"]
    assert jobs["staging"]["needs"] == "image"
    assert jobs["production"]["needs"] == ["image", "staging"]
    for place in ("staging", "production"):
        assert jobs[place]["environment"] == place
        text = "\n".join(step.get("run", "") for step in jobs[place]["steps"])
        (space,) = {
            load(DEPLOY / f"kubernetes/{place}/kustomization.yaml")["namespace"]
        }
        assert set(re.findall(r"-n (\S+)", text)) == {space}
        assert set(re.findall(r"apply -k (\S+)", text)) == {
            f"deploy/kubernetes/{place}"
        }
        assert f"/namespaces/{space}/services/churn:http/proxy/readyz" in text


def test_the_image_that_is_rolled_out_is_the_one_that_was_built() -> None:
    jobs = WORKFLOWS["deploy"]["jobs"]
    made = next(step for step in jobs["image"]["steps"] if step.get("id") == "push")
    assert (ROOT / made["with"]["file"]).is_file()
    for place in ("staging", "production"):
        assert jobs[place]["env"]["IMAGE"].endswith("needs.image.outputs.digest }}")
