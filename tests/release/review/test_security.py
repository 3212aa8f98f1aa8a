"""The files of an artifact: as the manifest says, of known kinds, unable to run."""

import json
import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from churn_pipeline.release.artifact import MODEL, WEIGHTS
from churn_pipeline.release.review.pickles import find_pickle
from churn_pipeline.release.review.security import check_files
from tests.factories import tiny_artifact

ARTIFACT = tiny_artifact()


class Harm:
    """What would run something when a pickle of it is loaded."""

    def __reduce__(self):
        return print, ("harm",)


def _failed(files):
    found = check_files(ARTIFACT.manifest, files)
    return {f.name: f.found for f in found if f.outcome == "failed"}


def _with(name, content):
    return {**ARTIFACT.files, name: content}


def test_an_artifact_as_it_was_made_passes_every_check():
    found = check_files(ARTIFACT.manifest, ARTIFACT.files)
    assert {f.outcome for f in found} == {"passed"}
    assert [f.evidence.get("wrong") for f in found] == [0.0] * 4


def test_an_altered_a_missing_and_an_unknown_file_are_named():
    files = _with(WEIGHTS, ARTIFACT.files[WEIGHTS] + b" ")
    del files["golden.json"]
    files["notes.txt"] = b"hello"
    failed = _failed(files)
    assert "weights.safetensors: expected sha256" in failed["security: hashes"]
    assert "golden.json: expected sha256" in failed["security: hashes"]
    assert "notes.txt: expected sha256 none" in failed["security: hashes"]
    assert failed["security: kinds of files"].startswith("notes.txt: expected .onnx")


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_under_another_name_is_found(protocol):
    content = pickle.dumps(Harm(), protocol=protocol)
    failed = _failed(_with(WEIGHTS, content))
    assert "weights.safetensors: a pickle" in failed["security: no pickle"]
    assert "weights.safetensors" in failed["security: kinds of files"]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickle_hidden_in_a_file_of_the_right_kind_is_found(protocol):
    hidden = np.zeros(100, np.float32).tobytes() + pickle.dumps(Harm(), protocol)
    found = find_pickle(ARTIFACT.files[WEIGHTS] + hidden + b"\x00" * 100)
    assert "imports" in found
    assert "print" in found


def test_an_archive_of_torch_is_found():
    assert find_pickle(b"PK\x03\x04" + b"\x00" * 30) == (
        "an archive, as torch.save writes"
    )


def test_numbers_and_texts_are_no_pickles():
    numbers = np.random.default_rng(0).bytes(2**20)
    assert find_pickle(numbers) == ""
    assert find_pickle(json.dumps({"a": "builtins print."}).encode()) == ""


def _graph(*nodes, domain="", tensors=()):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [x], [y], list(tensors))
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(domain, 1)]
    return helper.make_model(graph, opset_imports=opsets).SerializeToString()


def test_an_operator_of_another_domain_is_named_inside_of_a_branch_too():
    own = helper.make_node("Run", ["x"], ["y"], domain="evil.ops")
    branch = helper.make_graph([own], "b", [], [])
    node = helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)
    for content in (_graph(own), _graph(node)):
        failed = _failed(_with(MODEL, content))
        assert "domain 'evil.ops'" in failed["security: operators"]


def test_data_outside_of_the_file_is_named():
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[1])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    failed = _failed(_with(MODEL, _graph(node, tensors=[tensor])))
    assert failed["security: operators"] == "data outside of the file: w"


def test_what_is_no_graph_fails():
    assert _failed(_with(MODEL, b"{}"))["security: operators"].endswith("no graph")
