"""The pods of manifests, and what Kubernetes and KServe find wrong with manifests."""

from __future__ import annotations

import json

import jsonschema
import kubernetes_validate

from tests.deploy.kustomize import Manifest, pod_of
from tests.deploy.tools import ROOT

KNATIVE = "serving.knative.dev/v1"
KSERVE = json.loads((ROOT / "tests/deploy/kserve.json").read_text("utf-8"))
KSERVES_OWN = {
    *("supportedModelFormats", "protocolVersions", "multiModel", "labels"),
    *("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "timeout", "model"),
}
PORT = 3000


def whole_pod(manifest: Manifest, beside: list[Manifest]) -> Manifest | None:
    """Return the pod that a manifest makes; KServe makes one of two manifests."""
    pod = pod_of(manifest)
    if pod is not None and manifest["kind"] == "ServingRuntime":
        (service,) = (m for m in beside if m["kind"] == "InferenceService")
        both = {**service["spec"]["predictor"], **pod}
        return {key: value for key, value in both.items() if key not in KSERVES_OWN}
    return pod


def kserve_faults(manifest: Manifest) -> list[str]:
    """Return what the definitions of KServe find in a manifest."""
    found = jsonschema.Draft202012Validator(KSERVE[manifest["kind"]])
    return [f"{e.json_path}: {e.message}" for e in found.iter_errors(manifest)]


def as_pod(spec: Manifest) -> Manifest:
    """Return a pod as a manifest of its own."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": spec,
    }


def faults(manifest: Manifest, version: str) -> str:
    """Return what a version of Kubernetes finds in a manifest."""
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return ""


def knative_as_pod(manifest: Manifest) -> Manifest:
    """Return the pod of a Knative service, less what only Knative knows.

    It has two fields of its own, and its probes take the port of the container.
    """
    own = {"containerConcurrency", "timeoutSeconds"}
    template = manifest["spec"]["template"]
    pod = {key: value for key, value in template["spec"].items() if key not in own}
    pod["containers"] = [with_ports(container) for container in pod["containers"]]
    made = as_pod(pod)
    made["metadata"] |= template["metadata"]
    return made


def with_ports(container: Manifest) -> Manifest:
    """Return a container whose probes name their port."""
    probes = {key: found for key, found in container.items() if key.endswith("Probe")}
    named = {
        key: {**found, "httpGet": {"port": PORT, **found["httpGet"]}}
        for key, found in probes.items()
    }
    return {**container, **named}
