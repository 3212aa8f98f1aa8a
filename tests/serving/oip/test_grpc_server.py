"""gRPC answers as `/predict` does, to a real client, and refuses with the same text."""

import asyncio
import struct
from pathlib import Path

import pytest

from churn_pipeline.serving.contract import MAX_BYTES, MAX_BYTES_BATCH
from churn_pipeline.serving.oip.place import grpc_of
from churn_pipeline.serving.overload import MOST_BATCHES
from churn_pipeline.serving.refusal import refusal
from tests.factories import tiny_artifact, tiny_columns
from tests.ports import free_port
from tests.serving.apps import app_of, client_of
from tests.serving.certificate import certificate

grpc = pytest.importorskip("grpc", reason="needs the grpc extra")
pb = pytest.importorskip("churn_pipeline.serving.oip.open_inference_grpc_pb2")
grpc_message = pytest.importorskip("churn_pipeline.serving.oip.grpc_message")

GOOD = {"tenure_months": [3.0], "monthly_charge": [20.5], "plan": ["basic"]}
PORT = "CHURN_GRPC_PORT"


@pytest.fixture(scope="module")
def app():
    return app_of(tiny_artifact())


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def ask(app, port):
    """Call methods over a channel of its own: `ask(method, message, key=...)`."""
    runner = asyncio.Runner()

    async def started():
        server = await grpc_of(app.parts, {PORT: str(port)})
        return server, grpc.aio.insecure_channel(f"127.0.0.1:{port}")

    server, channel = runner.run(started())

    def call(name, message, **metadata):
        """Return the answer; raise its error."""
        method = channel.unary_unary(
            f"/inference.GRPCInferenceService/{name}",
            request_serializer=type(message).SerializeToString,
            response_deserializer=getattr(pb, f"{name}Response").FromString,
        )
        given = {"x-api-key": app.key} | metadata

        async def asked():
            return await method(message, metadata=tuple(given.items()), timeout=20)

        return runner.run(asked())

    call.runner = runner
    yield call
    runner.run(channel.close())
    runner.run(server.stop(None))
    runner.close()


def _request(columns, *, raw=False, **others):
    request = pb.ModelInferRequest(model_name="tiny", **others)
    for name, values in columns.items():
        text = name in ("plan", "customer_id")
        filled = [_filled(value, text) for value in values]
        kind = "BYTES" if text else "FP64"
        given = request.inputs.add(name=name, datatype=kind, shape=[len(values)])
        if raw:
            request.raw_input_contents.append(_packed(filled, text))
        else:
            contents = given.contents
            field = contents.bytes_contents if text else contents.fp64_contents
            field.extend(filled)
    return request


def _filled(value, text):
    if text:
        return (value or "").encode()
    return float("nan") if value is None else value


def _packed(values, text):
    if text:
        return b"".join(struct.pack("<I", len(v)) + v for v in values)
    return struct.pack(f"<{len(values)}d", *values)


def _outputs(answer):
    raw = zip(answer.outputs, answer.raw_output_contents, strict=True)
    return {output.name: _unpacked(output.datatype, given) for output, given in raw}


def _unpacked(datatype, raw):
    if datatype == "FP64":
        return list(struct.unpack(f"<{len(raw) // 8}d", raw))
    if datatype == "BOOL":
        return list(struct.unpack(f"<{len(raw)}?", raw))
    found = []
    while raw:
        (length,) = struct.unpack("<I", raw[:4])
        found.append(raw[4 : 4 + length].decode())
        raw = raw[4 + length :]
    return found


@pytest.mark.parametrize("raw", [False, True])
def test_one_customer_is_answered_as_by_predict_to_the_bit(app, ask, raw):
    row = {name: value for name, (value,) in GOOD.items()} | {"customer_id": "C-1"}
    told = client_of(app).post("/predict", json=row).json()
    answer = ask("ModelInfer", _request(GOOD | {"customer_id": ["C-1"]}, raw=raw))
    names = ("churn_probability", "decision", "kept_aside", "threshold")
    names += ("model_version", "variant")
    assert _outputs(answer) == {name: [told[name]] for name in names}
    assert answer.model_version == told["model_version"]


@pytest.mark.parametrize("raw", [False, True])
def test_a_thousand_rows_are_answered_as_by_predict_batch_to_the_bit(app, ask, raw):
    columns = tiny_columns(1000, seed=4)
    rows = [dict(zip(columns, row)) for row in zip(*columns.values(), strict=True)]
    told = client_of(app).post("/predict_batch", json=rows).json()["predictions"]
    found = _outputs(ask("ModelInfer", _request(columns, raw=raw)))
    assert found["churn_probability"] == [row["churn_probability"] for row in told]


def test_server_and_model_tell_of_themselves(ask):
    assert ask("ServerLive", pb.ServerLiveRequest()).live
    assert ask("ServerReady", pb.ServerReadyRequest()).ready
    assert ask("ModelReady", pb.ModelReadyRequest(name="tiny")).ready
    assert ask("ServerMetadata", pb.ServerMetadataRequest()).name == "churn"
    told = ask("ModelMetadata", pb.ModelMetadataRequest(name="tiny"))
    assert {given.name for given in told.inputs} == {*GOOD, "customer_id"}
    assert told.properties["missing_text"] == "empty BYTES"


@pytest.mark.parametrize(
    ("request_", "code", "told"),
    [
        (_request(GOOD | {"tenure_months": [500.0]}), "INVALID_ARGUMENT", "0 to 120"),
        (_request({"plan": ["basic"]}), "INVALID_ARGUMENT", "no such field"),
        (_request(GOOD, model_version="9"), "NOT_FOUND", "2026-01-01"),
        (_request(GOOD | {"plan": ["a", "b"]}), "INVALID_ARGUMENT", "shape [1]"),
        (_request(GOOD | {"monthly_charge": [float("inf")]}), "INVALID_ARGUMENT", "in"),
    ],
)
def test_a_bad_request_is_told_what_was_expected(ask, request_, code, told):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        ask("ModelInfer", request_)
    assert refused.value.code() == grpc.StatusCode[code]
    assert told in refused.value.details()


def test_raw_contents_that_are_cut_short_are_refused(ask):
    request = _request(GOOD, raw=True)
    request.raw_input_contents[2] = request.raw_input_contents[2][:-1]
    with pytest.raises(grpc.aio.AioRpcError, match="fewer bytes"):
        ask("ModelInfer", request)


def test_a_wrong_key_is_unauthenticated(ask):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        ask("ServerLive", pb.ServerLiveRequest(), **{"x-api-key": "wrong"})
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.fixture
def ask_silently(app, port, ask):
    """Call a method, and never send its message: `ask_silently(key=...)`."""

    async def nothing():
        """Yield no message, and do not end."""
        await asyncio.Event().wait()
        yield b""

    async def asked(key):
        """Return the error."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            method = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await method(nothing(), metadata=(("x-api-key", key),), timeout=20)
            return refused.value

    return lambda key: ask.runner.run(asked(key))


def test_a_stranger_is_refused_before_anything_of_the_message_is_read(ask_silently):
    assert ask_silently("wrong").code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_message_that_does_not_come_is_not_waited_for(app, ask_silently, monkeypatch):
    monkeypatch.setattr(grpc_message, "BODY_SECONDS", 0.05)
    assert "the whole body within" in ask_silently(app.key).details()


def test_a_large_request_of_one_customer_waits_for_the_thread(app, ask, monkeypatch):
    long = _request(GOOD, raw=True)
    long.parameters["padding"].string_param = "x" * MAX_BYTES
    assert _outputs(ask("ModelInfer", long)) == _outputs(
        ask("ModelInfer", _request(GOOD))
    )
    monkeypatch.setattr(app.parts.gate, "batches", MOST_BATCHES)
    with pytest.raises(grpc.aio.AioRpcError, match="batches in work"):
        ask("ModelInfer", long)
    assert ask("ModelInfer", _request(GOOD)).outputs


def test_calls_beyond_what_may_wait_are_sent_away(app, ask, monkeypatch):
    def full():
        raise refusal(503, "overloaded", expected="at most 256", received="one more")

    monkeypatch.setattr(app.parts.gate, "enter", full)
    with pytest.raises(grpc.aio.AioRpcError, match="at most 256") as refused:
        ask("ServerLive", pb.ServerLiveRequest())
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_message_larger_than_is_taken_is_refused(ask):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        ask("ModelInfer", _request(GOOD, id="x" * MAX_BYTES_BATCH))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_calls_are_counted_and_logged_under_the_id_of_the_client(app, ask):
    before = app.parts.journal.counts.added
    answer = ask("ModelInfer", _request(GOOD, id="shop-9"))
    assert (answer.id, answer.parameters["request_id"].string_param) == ("shop-9",) * 2
    assert app.parts.journal.counts.added == before + 1
    asked = ("endpoint", "/v2/grpc/ModelInfer"), ("status", "200")
    assert app.parts.metrics.samples()["churn_requests_total", asked] >= 1


def test_with_a_certificate_tls_alone_is_spoken(app, tmp_path):
    cert, key = certificate(tmp_path)
    port = free_port()
    tls = {PORT: str(port), "CHURN_TLS_CERT": cert, "CHURN_TLS_KEY": key}
    trust = grpc.ssl_channel_credentials(Path(cert).read_bytes())
    address, metadata = f"127.0.0.1:{port}", (("x-api-key", app.key),)

    async def live(channel):
        """Return whether the server says that it lives, or the error's code."""
        method = channel.unary_unary(
            "/inference.GRPCInferenceService/ServerLive",
            request_serializer=pb.ServerLiveRequest.SerializeToString,
            response_deserializer=pb.ServerLiveResponse.FromString,
        )
        try:
            told = await method(pb.ServerLiveRequest(), metadata=metadata, timeout=20)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return told.live

    async def asked():
        server = await grpc_of(app.parts, tls)
        async with grpc.aio.secure_channel(address, trust) as trusting:
            answer = await live(trusting)
        async with grpc.aio.insecure_channel(address) as plain:
            refused = await live(plain)
        await server.stop(None)
        return answer, refused

    answer, refused = asyncio.run(asked())
    assert answer is True
    assert refused is grpc.StatusCode.UNAVAILABLE


def test_without_a_port_nothing_listens_and_a_wrong_one_is_refused(app):
    assert asyncio.run(grpc_of(app.parts, {})) is None
    with pytest.raises(ValueError, match="a port from 1 to 65535"):
        asyncio.run(grpc_of(app.parts, {PORT: "70000"}))
