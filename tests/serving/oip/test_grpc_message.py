"""Messages are counted before they are made, and refused with what was expected."""

import pytest

from churn_pipeline.serving.contract import MAX_VALUES
from churn_pipeline.serving.refusal import Refusal

pb = pytest.importorskip("churn_pipeline.serving.oip.open_inference_grpc_pb2")
message = pytest.importorskip("churn_pipeline.serving.oip.grpc_message")

EMPTY_OUTPUT = b"\x32\x00"


def test_fields_and_packed_values_are_counted_at_every_depth():
    request = pb.ModelInferRequest(model_name="tiny")
    given = request.inputs.add(name="plan", shape=[2])
    given.contents.bytes_contents.extend([b"basic", b"plus"])
    given.contents.fp64_contents.extend([0.5] * 10)
    request.parameters["a"].double_param = 0.5
    raw = request.SerializeToString()
    fields = 3 + 3 + 3 + 2 + 1  # of the request, input, contents, entry, parameter
    packed = 10 * 8 // 4
    assert message.n_fields(raw, request.DESCRIPTOR, at_most=100) == fields + packed


def test_counting_stops_where_there_are_too_many():
    kind = pb.ModelInferRequest.DESCRIPTOR
    assert message.n_fields(EMPTY_OUTPUT * 1000, kind, at_most=10) == 11


def test_a_message_of_few_bytes_and_many_fields_is_refused_before_it_is_made():
    with pytest.raises(Refusal, match="at most 1,000,000 fields and values") as refused:
        message.parsed_message(EMPTY_OUTPUT * (MAX_VALUES + 1), pb.ModelInferRequest)
    assert refused.value.status == 413


@pytest.mark.parametrize("raw", [b"\x32", b"\x32\x05a", b"\xff" * 20, b"\x0f"])
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(Refusal, match="one message of the Open Inference"):
        message.parsed_message(raw, pb.ModelInferRequest)
