"""Containers and compose: pinned, without rights or secrets, with true addresses."""

from __future__ import annotations

import re
from typing import Any

import pytest

from churn_pipeline.serving.__main__ import _parser
from churn_pipeline.serving.desk.places import FOLDERS as OUTPUTS
from churn_pipeline.serving.drift import FOLDERS as REPORTS
from churn_pipeline.serving.endpoints import ENDPOINTS
from churn_pipeline.serving.oip.place import HOST as GRPC_HOST
from churn_pipeline.serving.oip.place import port_of
from churn_pipeline.serving.place import FOLDERS
from tests.deploy.tools import DEPLOY, PROMETHEUS, ROOT, by_schema, load

RECIPES = ("Containerfile", "Containerfile.lab")
COMPOSE = load(DEPLOY / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"service", "lab", "mlflow"}


def recipe(name: str) -> str:
    """Return a recipe with its continued lines joined."""
    return (DEPLOY / name).read_text("utf-8").replace("\\\n", " ")


def last(name: str, word: str) -> str:
    return re.findall(rf"^{word} (.+)$", recipe(name), re.M)[-1]


def test_compose_is_what_its_specification_takes() -> None:
    found = by_schema("vendor.compose-spec", DEPLOY / "compose.yaml")
    assert found.faults == ""


@pytest.mark.parametrize("name", RECIPES)
def test_an_image_is_built_in_two_stages_from_a_pinned_one(name: str) -> None:
    text = recipe(name)
    assert re.search(r"^ARG PYTHON=python:3\.11\.\d+-slim-bookworm$", text, re.M)
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["${PYTHON}"] * 2
    assert "COPY --from=build /opt/venv /opt/venv" in text


@pytest.mark.parametrize("name", RECIPES)
def test_an_image_runs_as_nobody_in_particular(name: str) -> None:
    assert last(name, "USER") == "10001:10001"
    after = recipe(name).rpartition("\nUSER ")[2]
    assert "\nRUN " not in after


@pytest.mark.parametrize("name", RECIPES)
def test_onnx_runtime_in_an_image_sends_nothing_home(name: str) -> None:
    """Its wheel 1.31.1 keeps a device id and knows an address to send events to."""
    assert re.search(r"^ENV .* ORT_DISABLE_TELEMETRY=1\b", recipe(name), re.M)


def test_the_image_of_the_service_starts_it_as_a_checkout_does() -> None:
    entry = re.findall(r'"([^"]+)"', last("Containerfile", "ENTRYPOINT"))
    assert entry[:3] == ["python", "-m", "churn_pipeline.serving"]
    options = _parser().parse_args(entry[3:])
    assert (options.host, options.port) == ("0.0.0.0", 3000)  # noqa: S104
    assert last("Containerfile", "EXPOSE") == f"3000 {grpc_port()}"


def test_grpc_is_reached_from_outside_the_container_where_a_port_is_named() -> None:
    assert re.search(rf"^ENV .*\b{GRPC_HOST}=0\.0\.0\.0", recipe("Containerfile"), re.M)
    assert any(p.endswith(f":{grpc_port()}") for p in SERVICES["service"]["ports"])


def grpc_port() -> int:
    return port_of(SERVICES["service"]["environment"])


def test_the_image_of_the_service_asks_whether_it_lives() -> None:
    (check,) = re.findall(r"^HEALTHCHECK .*$", recipe("Containerfile"), re.M)
    assert "http://127.0.0.1:3000/livez" in check
    assert "/livez" in ENDPOINTS


def test_the_image_of_the_service_takes_nothing_but_the_bento() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", recipe("Containerfile"), re.M)
    assert copied == ["env/python/requirements.txt src/requirements.lock", "src"]
    assert "requirements.lock" in load(ROOT / "bentofile.yaml")["include"]


def test_no_image_takes_data_or_secrets_along() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {"data", "logs", "mlruns", "deploy/secrets", ".git"} <= set(ignored)
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_a_part_of_compose_is_pinned_checked_and_without_rights(name: str) -> None:
    part = SERVICES[name]
    local = r"\$\{CHURN_(SERVICE|LAB)_IMAGE:-churn-(service|lab):local\}"
    pinned = local if name in OURS else r"[\w/]+:v?\d+\.\d+(\.\d+)?(-alpine)?"
    assert re.fullmatch(pinned, part["image"])
    assert part["healthcheck"]["test"][0] == "CMD"
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]
    assert part.get("read_only") is (None if name == "lab" else True)


def test_only_postgres_gets_capabilities_back() -> None:
    assert [name for name, part in SERVICES.items() if "cap_add" in part] == [
        "postgres"
    ]


def test_ports_are_open_on_this_machine_only_and_not_twice() -> None:
    ports = [port for part in SERVICES.values() for port in part.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    hosts = [port.removeprefix("127.0.0.1:").rpartition(":")[0] for port in ports]
    assert len(set(hosts)) == len(hosts)


def test_databases_are_reached_from_inside_alone() -> None:
    assert COMPOSE["networks"]["state"]["internal"] is True
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["state"]
        assert "ports" not in SERVICES[name]


def test_secrets_are_files_that_git_does_not_have() -> None:
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
        told = (ROOT / "docs/deploy.md").read_text("utf-8")
        assert name in told
    plain = [
        (part, key)
        for part, told in SERVICES.items()
        for key in told.get("environment", {})
        if re.search(r"PASSWORD|SECRET|TOKEN", key) and not key.endswith("_FILE")
    ]
    assert plain == []


def test_each_part_names_only_what_there_is() -> None:
    for part in SERVICES.values():
        assert set(part.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert set(part.get("networks", ())) <= set(COMPOSE["networks"])
        assert set(part.get("depends_on", ())) <= set(SERVICES)
        for volume in part.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
            else:
                assert source in COMPOSE["volumes"]


def test_prometheus_is_given_the_target_and_the_key_that_it_names() -> None:
    (job,) = load(PROMETHEUS / "prometheus.yml")["scrape_configs"]
    ((target,),) = [found["targets"] for found in job["static_configs"]]
    assert target.split(":")[0] in SERVICES
    (file,) = job["http_headers"]["X-API-Key"]["files"]
    assert file.removeprefix("/run/secrets/") in SERVICES["prometheus"]["secrets"]
    shared = set(SERVICES["service"]["networks"]) & set(
        SERVICES["prometheus"]["networks"]
    )
    assert shared


def test_grafana_is_given_the_dashboard_where_it_looks_for_it() -> None:
    (provider,) = load(DEPLOY / "grafana/provisioning/dashboards/churn.yml")[
        "providers"
    ]
    mounted = f"./grafana/dashboards:{provider['options']['path']}:ro"
    assert mounted in SERVICES["grafana"]["volumes"]
    (source,) = load(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"


def test_the_service_keeps_its_state_where_the_command_line_does() -> None:
    state = f"service-state:/srv/churn/{FOLDERS.as_posix()}"
    assert state in SERVICES["service"]["volumes"]
    assert state in SERVICES["lab"]["volumes"]
    assert "models:/srv/churn/data/06_models:ro" in SERVICES["service"]["volumes"]


def test_the_service_reads_the_drift_where_the_pipelines_write_it() -> None:
    reports = f"reports:/srv/churn/{REPORTS.as_posix()}"
    assert f"{reports}:ro" in SERVICES["service"]["volumes"]
    assert reports in SERVICES["lab"]["volumes"]


def test_the_page_reads_the_list_where_scoring_writes_it() -> None:
    outputs = f"outputs:/srv/churn/{OUTPUTS.as_posix()}"
    assert f"{outputs}:ro" in SERVICES["service"]["volumes"]
    assert outputs in SERVICES["lab"]["volumes"]
