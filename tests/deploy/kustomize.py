"""What kustomize makes of a folder, for as much of it as `deploy/kubernetes` uses.

Debian has no kustomize. A field that is not known here is refused, so that a new one
cannot go unchecked.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

from tests.deploy.tools import load, load_all

Manifest = dict[str, Any]
FIELDS = {
    *("apiVersion", "kind", "resources", "namespace", "nameSuffix"),
    *("labels", "images", "patches"),
}
CLUSTER_WIDE = {"Namespace"}


def build(folder: Path) -> list[Manifest]:
    """Return the manifests that a folder's `kustomization.yaml` comes to."""
    spec = load(folder / "kustomization.yaml")
    if not set(spec) <= FIELDS:
        raise ValueError(f"expected only {FIELDS} in {folder}, got {set(spec)}")
    found: list[Manifest] = []
    for name in spec["resources"]:
        path = (folder / name).resolve()
        found += build(path) if path.is_dir() else load_all(path)
    for patch in spec.get("patches", ()):
        _patch(found, patch, folder)
    for manifest in found:
        _name(manifest, spec.get("nameSuffix", ""), spec.get("namespace"))
        for label in spec.get("labels", ()):
            _label(manifest, label)
        for image in spec.get("images", ()):
            _image(manifest, image)
    return found


def pod_of(manifest: Manifest) -> Manifest | None:
    """Return the pod's specification in a manifest that makes pods."""
    spec = manifest.get("spec", {})
    if manifest["kind"] == "ServingRuntime":  # KServe's: the pod's parts lie bare
        return dict(spec)
    pod: Manifest | None = spec.get("template", {}).get("spec")
    return pod


def _patch(found: list[Manifest], patch: Manifest, folder: Path) -> None:
    import yaml

    target = patch["target"]
    text = patch.get("patch") or (folder / patch["path"]).read_text("utf-8")
    hit = [manifest for manifest in found if _is_target(manifest, target)]
    if not hit:
        raise ValueError(f"expected a target of {target} in {folder}, found none")
    for manifest in hit:
        for change in yaml.safe_load(text):
            _change(manifest, change)


def _is_target(manifest: Manifest, target: Manifest) -> bool:
    group, _, version = manifest["apiVersion"].rpartition("/")
    return (
        target.get("group", group) == group
        and target.get("version", version) == version
        and target["kind"] == manifest["kind"]
        and re.fullmatch(target["name"], manifest["metadata"]["name"]) is not None
    )


def _change(manifest: Manifest, change: Manifest) -> None:
    """Add or replace one value, by its JSON pointer."""
    if change["op"] not in {"add", "replace"}:
        raise ValueError(f"expected add or replace, got {change}")
    *way, last = change["path"].strip("/").split("/")
    at: Any = manifest
    for step in way:
        at = at[int(step) if isinstance(at, list) else step]
    if change["op"] == "replace" and last not in at:
        raise ValueError(f"expected something to replace, found none: {change}")
    at[last] = copy.deepcopy(change["value"])


def _name(manifest: Manifest, suffix: str, namespace: str | None) -> None:
    meta = manifest["metadata"]
    meta["name"] += suffix
    if "scaleTargetRef" in manifest.get("spec", {}):
        manifest["spec"]["scaleTargetRef"]["name"] += suffix
    if namespace and manifest["kind"] not in CLUSTER_WIDE:
        meta["namespace"] = namespace


def _label(manifest: Manifest, label: Manifest) -> None:
    if not label["includeSelectors"]:
        raise ValueError(f"expected labels of selectors too, got {label}")
    pairs, spec = label["pairs"], manifest.get("spec", {})
    manifest["metadata"].setdefault("labels", {}).update(pairs)
    if manifest["kind"] == "Service":
        spec["selector"].update(pairs)
    elif "selector" in spec:
        spec["selector"]["matchLabels"].update(pairs)
    pod = pod_of(manifest)
    if pod is not None:
        spec["template"]["metadata"]["labels"].update(pairs)
        for spread in pod.get("topologySpreadConstraints", ()):
            spread["labelSelector"]["matchLabels"].update(pairs)


def _image(manifest: Manifest, image: Manifest) -> None:
    for container in (pod_of(manifest) or {}).get("containers", ()):
        if container["image"] == image["name"]:
            container["image"] = f"{image['newName']}:{image['newTag']}"
