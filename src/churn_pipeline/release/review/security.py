"""Security: are the files those of the manifest, of known kinds, and unable to run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from churn_pipeline.release.artifact import MODEL
from churn_pipeline.release.integrity import sha256
from churn_pipeline.release.manifest import MANIFEST, Manifest
from churn_pipeline.release.review.finding import Finding
from churn_pipeline.release.review.pickles import find_pickle

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

Files = Mapping[str, bytes]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
_AGAIN = "copy the whole folder again from where it was made, or train again"
_HEADER = 8


def check_files(manifest: Manifest, files: Files) -> list[Finding]:
    """Return the checks of an artifact's files.

    Args:
        manifest: What the files ought to be.
        files: Content by name, of every file of the folder.
    """
    return [
        _told("hashes", _other_hashes(manifest, files), len(files), "as the manifest"),
        _told("kinds of files", _unknown(files), len(files), "of a known kind"),
        _told("no pickle", _pickled(files), len(files), "without a pickle"),
        _operators(files),
    ]


def _told(name: str, wrong: Iterable[str], among: int, fine: str) -> Finding:
    """Return a check of all files from what is wrong with some."""
    said = list(wrong)
    return Finding(
        name=f"security: {name}",
        outcome="failed" if said else "passed",
        found="; ".join(said[:5]) if said else f"{among} of {among} files {fine}",
        todo=_AGAIN if said else "",
        evidence={"files": float(among), "wrong": float(len(said))},
    )


def _other_hashes(manifest: Manifest, files: Files) -> Iterator[str]:
    """Yield the files that are missing, unknown, or other than the manifest says."""
    for name in sorted({*files, *manifest.files} - {MANIFEST}):
        expected = manifest.files.get(name)
        received = sha256(files[name]) if name in files else None
        if expected != received:
            yield (
                f"{name}: expected sha256 {(expected or 'none')[:12]}, got "
                f"{(received or 'no file')[:12]}"
            )


def _unknown(files: Files) -> Iterator[str]:
    """Yield the files that are of no known kind, or not what they are called."""
    for name, content in sorted(files.items()):
        suffix = PurePosixPath(name).suffix
        kind = _KINDS.get(suffix)
        if kind is None:
            yield f"{name}: expected {', '.join(_KINDS)}, got {suffix or 'none'}"
        elif not kind(content):
            yield f"{name}: expected what it is called, got other content"


def _pickled(files: Files) -> Iterator[str]:
    for name, content in sorted(files.items()):
        if found := find_pickle(content):
            yield f"{name}: {found}"


def _operators(files: Files) -> Finding:
    """Return whether the graph uses standard operators, and data of its own."""
    name = "security: operators"
    model = _model(files.get(MODEL, b""))
    if model is None:
        return Finding(
            name=name, outcome="failed", found=f"{MODEL} is no graph", todo=_AGAIN
        )
    domains = {opset.domain for opset in model.opset_import}
    domains |= {node.domain for node in _nodes(model.graph)}
    outside = [t.name for t in _tensors(model.graph) if t.data_location == 1]
    wrong = [f"domain {domain!r}" for domain in sorted(domains - _DOMAINS)]
    wrong += [f"function {f.domain}.{f.name}" for f in model.functions]
    wrong += [f"data outside of the file: {tensor}" for tensor in outside[:3]]
    count = sum(1 for _ in _nodes(model.graph))
    return Finding(
        name=name,
        outcome="failed" if wrong else "passed",
        found="; ".join(wrong[:5])
        if wrong
        else f"{count} operators of the standard, all data in the file",
        todo="export the model with standard operators alone" if wrong else "",
        evidence={"operators": float(count), "wrong": float(len(wrong))},
    )


def _model(content: bytes) -> ModelProto | None:
    """Return an ONNX model; None where it is none. Files beside it are not read."""
    import onnx

    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # protobuf's own errors, which differ by its implementation
        return None
    return model if model.graph.node else None


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield the operators of a graph and of what lies inside of them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _nodes(inner)


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for node in _nodes(graph):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.g, *attribute.graphs):
                yield from inner.initializer


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _is_safetensors(content: bytes) -> bool:
    """Return whether a file is a length, a JSON header of it, and numbers."""
    size = int.from_bytes(content[:_HEADER], "little")
    header = content[_HEADER : _HEADER + size]
    return len(header) == size and header[:1] == b"{" and _is_json(header)


def _is_onnx(content: bytes) -> bool:
    return _model(content) is not None


def _is_parquet(content: bytes) -> bool:
    return content[:4] == content[-4:] == b"PAR1"


_KINDS: dict[str, Callable[[bytes], bool]] = {
    ".onnx": _is_onnx,
    ".json": _is_json,
    ".safetensors": _is_safetensors,
    ".parquet": _is_parquet,
}
"""Ending of a file's name -> whether its content is of that kind."""
