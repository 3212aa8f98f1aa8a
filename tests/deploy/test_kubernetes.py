"""The manifests are what Kubernetes takes, and fit each other and the service."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from churn_pipeline.serving.app import PROBES
from churn_pipeline.serving.desk.places import FOLDERS as OUTPUTS
from churn_pipeline.serving.drift import FOLDERS as REPORTS
from churn_pipeline.serving.oip.place import PORT as GRPC
from churn_pipeline.serving.oip.rest import oip_methods
from churn_pipeline.serving.place import FOLDERS, SERVICE
from tests.deploy.kustomize import Manifest, build
from tests.deploy.pods import (
    KNATIVE,
    KSERVE,
    PORT,
    as_pod,
    faults,
    knative_as_pod,
    kserve_faults,
    whole_pod,
)
from tests.deploy.tools import DEPLOY, ROOT, load

KUBERNETES = DEPLOY / "kubernetes"
VERSIONS = ("1.31", "1.34", "1.37")
PLACES = ("staging", "production", "blue-green", "knative", "kserve")
GRPC_PORT = 8001
USER = 10001
SPACE = "kubernetes.io/metadata.name"
MANIFESTS = {place: build(KUBERNETES / place) for place in PLACES}
ALL = [
    pytest.param(manifest, id=f"{place}-{manifest['kind']}-{n}")
    for place, manifests in MANIFESTS.items()
    for n, manifest in enumerate(manifests)
    if manifest["kind"] not in KSERVE
]


def of_kind(place: str, kind: str) -> list[Manifest]:
    return [found for found in MANIFESTS[place] if found["kind"] == kind]


PODS = [
    pytest.param(place, pod, id=f"{place}-{manifest['metadata']['name']}")
    for place, manifests in MANIFESTS.items()
    for manifest in manifests
    if (pod := whole_pod(manifest, manifests))
]


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


@pytest.mark.parametrize("manifest", ALL)
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_each_manifest(manifest: Manifest, version: str) -> None:
    if manifest["apiVersion"] == KNATIVE:  # its pods are Kubernetes' own
        manifest = knative_as_pod(manifest)
    assert faults(manifest, version) == ""


@pytest.mark.parametrize("kind", ["InferenceService", "ServingRuntime"])
def test_kserve_takes_each_of_its_manifests(kind: str) -> None:
    (manifest,) = of_kind("kserve", kind)
    assert kserve_faults(manifest) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_pod_that_kserve_makes(version: str) -> None:
    (pod,) = [
        pod for place, pod in (param.values for param in PODS) if place == "kserve"
    ]
    assert faults(as_pod(pod), version) == ""  # type: ignore[arg-type]


def test_a_manifest_with_a_field_that_does_not_exist_is_refused() -> None:
    wrong = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spek": {},
    }
    assert "spek" in faults(wrong, VERSIONS[0])


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_pods_may_do_nothing_that_they_need_not(place: str, pod: Manifest) -> None:
    """By the rules of Kubernetes' pod security standard `restricted`, and more."""
    assert pod["automountServiceAccountToken"] is False
    (container,) = pod["containers"]
    allowed = {**pod.get("securityContext", {}), **container["securityContext"]}
    assert allowed["runAsNonRoot"] is True
    assert allowed["runAsUser"] == allowed["runAsGroup"] == USER
    assert allowed["seccompProfile"] == {"type": "RuntimeDefault"}
    assert allowed["allowPrivilegeEscalation"] is False
    assert allowed["readOnlyRootFilesystem"] is True
    assert allowed["capabilities"] == {"drop": ["ALL"]}
    assert {*container["resources"]["requests"]} >= {"cpu", "memory"}
    assert {*container["resources"]["limits"]} >= {"cpu", "memory"}
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    assert kinds == {"emptyDir", "persistentVolumeClaim"}


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_no_start_of_a_pod_opens_the_keys_to_their_group(
    place: str, pod: Manifest
) -> None:
    """Kubernetes gives each file of a volume to the group, unless told otherwise."""
    told = pod.get("securityContext", {})
    assert ("fsGroup" in told) <= (told.get("fsGroupChangePolicy") == "OnRootMismatch")


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_probes_and_ports_are_those_of_the_service(place: str, pod: Manifest) -> None:
    (container,) = pod["containers"]
    ports = {port["containerPort"]: port["name"] for port in container["ports"]}
    asked = {
        name: probe["httpGet"]
        for name, probe in container.items()
        if name.endswith("Probe")
    }
    assert {probe["path"] for probe in asked.values()} == PROBES
    assert asked["livenessProbe"]["path"] == "/livez"
    assert asked["readinessProbe"]["path"] == "/readyz"
    assert {probe.get("port", ports[PORT]) for probe in asked.values()} == {ports[PORT]}
    plain = {e["name"]: e["value"] for e in container["env"] if "value" in e}
    spoken = {PORT, int(plain[GRPC])} if GRPC in plain else {PORT}
    assert set(ports) == spoken


@pytest.mark.parametrize("place", sorted({*PLACES} - {"knative"}))
def test_grpc_is_spoken_but_by_knative_which_has_one_port(place: str) -> None:
    pods = [pod for where, pod in (param.values for param in PODS) if where == place]
    ports = [c["ports"] for pod in pods for c in pod["containers"]]  # type: ignore[index]
    assert all(GRPC_PORT in [p["containerPort"] for p in found] for found in ports)


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_images_are_pinned(place: str, pod: Manifest) -> None:
    for container in pod["containers"]:
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+", container["image"])


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_what_is_mounted_is_what_the_image_expects(place: str, pod: Manifest) -> None:
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    recipe = (DEPLOY / "Containerfile").read_text("utf-8")
    workdir = Path(re.findall(r"^WORKDIR (\S+)$", recipe, re.M)[-1])
    assert Path(mounts["state"]["mountPath"]) == workdir / FOLDERS
    assert Path(mounts["models"]["mountPath"]) == workdir / "data/06_models"
    assert Path(mounts["reports"]["mountPath"]) == workdir / REPORTS
    assert Path(mounts["outputs"]["mountPath"]) == workdir / OUTPUTS
    assert mounts["outputs"]["readOnly"] is True
    assert mounts["models"]["readOnly"] is mounts["reports"]["readOnly"] is True


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_what_a_pod_refers_to_is_there(place: str, pod: Manifest) -> None:
    names = {(m["kind"], m["metadata"]["name"]) for m in MANIFESTS[place]}
    (container,) = pod["containers"]
    assert ("ServiceAccount", pod["serviceAccountName"]) in names
    for source in container["envFrom"]:
        assert ("ConfigMap", source["configMapRef"]["name"]) in names
    claims = [volume.get("persistentVolumeClaim") for volume in pod["volumes"]]
    for claim in filter(None, claims):
        assert ("PersistentVolumeClaim", claim["claimName"]) in names


@pytest.mark.parametrize(("place", "pod"), PODS)
def test_settings_are_those_that_the_code_reads(place: str, pod: Manifest) -> None:
    (container,) = pod["containers"]
    (config,) = of_kind(place, "ConfigMap")
    names = {*config["data"], *(entry["name"] for entry in container["env"])}
    source = "".join(p.read_text("utf-8") for p in (ROOT / "src").rglob("*.py"))
    assert {name for name in names if f'"{name}"' in source} == names
    assert SERVICE not in names  # the folder is mounted where it is by default


def test_secrets_are_named_and_in_no_file() -> None:
    assert not [
        m for found in MANIFESTS.values() for m in found if m["kind"] == "Secret"
    ]
    told = (ROOT / "docs/deploy.md").read_text("utf-8")
    for place, pod in (param.values for param in PODS):
        for entry in pod["containers"][0]["env"]:  # type: ignore[index]
            if entry["name"] != GRPC:
                key = entry["valueFrom"]["secretKeyRef"]
                assert f"--from-literal={key['key']}=" in told, place


@pytest.mark.parametrize("place", ["staging", "production", "blue-green"])
def test_budgets_scalers_and_services_meet_the_pods_they_are_for(place: str) -> None:
    deployments = {m["metadata"]["name"]: m for m in of_kind(place, "Deployment")}
    labels = {
        n: m["spec"]["template"]["metadata"]["labels"] for n, m in deployments.items()
    }
    for name, made in deployments.items():
        assert selects(made["spec"]["selector"]["matchLabels"], labels[name])
    for budget in of_kind(place, "PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"]
        hit = [name for name, found in labels.items() if selects(selector, found)]
        assert hit == [budget["metadata"]["name"]]
    for scaler in of_kind(place, "HorizontalPodAutoscaler"):
        made = deployments[scaler["spec"]["scaleTargetRef"]["name"]]
        least, most = scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]
        assert least <= made["spec"]["replicas"] <= most
    (policy,) = of_kind(place, "NetworkPolicy")
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    assert all(selects(chosen, found) for found in labels.values())
    open_to = {
        rule["from"][0]["namespaceSelector"]["matchLabels"][SPACE]: {
            port["port"] for port in rule["ports"]
        }
        for rule in policy["spec"]["ingress"]
    }
    assert open_to == {"ingress-nginx": {PORT, GRPC_PORT}, "monitoring": {PORT}}
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}


def test_the_address_has_a_port_for_http_and_one_for_grpc() -> None:
    services = {m["metadata"]["name"]: m for m in of_kind("production", "Service")}
    ports = {port["targetPort"]: port for port in services["churn"]["spec"]["ports"]}
    assert ports["http"]["port"] == 80
    assert ports["grpc"]["port"] == GRPC_PORT
    assert ports["grpc"]["appProtocol"] == "kubernetes.io/h2c"


def test_kserve_runs_the_service_by_version_2_of_its_protocol() -> None:
    (runtime,) = of_kind("kserve", "ServingRuntime")
    (service,) = of_kind("kserve", "InferenceService")
    model = service["spec"]["predictor"]["model"]
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["modelFormat"] in runtime["spec"]["supportedModelFormats"]
    assert model["protocolVersion"] == "v2"
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    (container,) = runtime["spec"]["containers"]
    assert container["name"] == "kserve-container"  # the one that KServe looks for
    assert container["ports"][0]["containerPort"] == PORT  # which it sends HTTP to
    assert oip_methods("/v2/models/company/infer") is not None


def test_a_field_that_kserve_does_not_know_is_refused() -> None:
    (service,) = of_kind("kserve", "InferenceService")
    wrong = copy.deepcopy(service)
    wrong["spec"]["predictor"]["model"]["protocolversion"] = "v2"
    assert "protocolversion" in " ".join(kserve_faults(wrong))


def test_production_runs_three_pods_on_three_machines() -> None:
    (made,) = of_kind("production", "Deployment")
    assert made["spec"]["replicas"] == 3
    assert made["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    (spread,) = made["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["whenUnsatisfiable"] == "DoNotSchedule"


def test_the_switch_is_the_services_selector_and_meets_one_set_of_pods() -> None:
    labels = {
        m["metadata"]["name"]: m["spec"]["template"]["metadata"]["labels"]
        for m in of_kind("blue-green", "Deployment")
    }
    services = {m["metadata"]["name"]: m for m in of_kind("blue-green", "Service")}

    def met(service: str) -> set[str]:
        selector = services[service]["spec"]["selector"]
        return {name for name, found in labels.items() if selects(selector, found)}

    assert met("churn") == {"churn-blue"}
    assert met("churn-pods") == {"churn-blue", "churn-green"}
    services["churn"]["spec"]["selector"]["slot"] = "green"
    assert met("churn") == {"churn-green"}
    services["churn"]["spec"]["selector"]["slot"] = "blue"


def test_prometheus_finds_the_pods_by_the_headless_service() -> None:
    (job,) = load(DEPLOY / "prometheus/kubernetes.yml")["scrape_configs"]
    (source,) = job["dns_sd_configs"]
    headless = {m["metadata"]["name"]: m for m in of_kind("production", "Service")}
    name, space, *_ = source["names"][0].split(".")
    assert headless[name]["spec"]["clusterIP"] == "None"
    assert headless[name]["metadata"]["namespace"] == space
    assert source["port"] == PORT


def test_knative_scales_between_bounds_by_requests_in_work() -> None:
    (service,) = of_kind("knative", "Service")
    assert set(service["spec"]) == {"template"}  # all of it is checked as a pod
    notes = service["spec"]["template"]["metadata"]["annotations"]
    scale: dict[str, Any] = {key.rpartition("/")[2]: v for key, v in notes.items()}
    assert 1 <= int(scale["min-scale"]) < int(scale["max-scale"])
    most = service["spec"]["template"]["spec"]["containerConcurrency"]
    assert 0 < int(scale["target"]) <= most
