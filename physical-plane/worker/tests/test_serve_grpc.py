"""The protocol's gRPC form, asked with nothing but grpcio: both ways to send tensors, refusals, deadlines and cancellation."""

import time

import grpc
import numpy
import pytest

from cloudless.serve.config import BODY_BYTES_MAX, TIMEOUT_SECONDS_DEFAULT
from cloudless.serve.wire import SERVICE, message, methods
from serving_process import Serving


class Client:
    def __init__(self, serving: Serving):
        self.channel = grpc.insecure_channel(serving.status()["grpcEndpoint"])

    def call(self, name: str, request, **options):
        return self.method(name)(request, **{"timeout": 20, **options})

    def method(self, name: str):
        request, response = methods()[name]
        return self.channel.unary_unary(
            f"/{SERVICE}/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
        )

    def refusal(self, request, **options) -> tuple:
        with pytest.raises(grpc.RpcError) as raised:
            self.call("ModelInfer", request, **options)
        return raised.value.code(), raised.value.details()


def asked(**fields):
    given = {"name": "x", "datatype": "FP32", "shape": [1, 3], "contents": {"fp32_contents": [1, 2, 3]}, **fields}
    return message("ModelInferRequest")(model_name="scale", id="mine", inputs=[given])


def raw(array: numpy.ndarray, datatype: str = "FP32"):
    given = {"name": "x", "datatype": datatype, "shape": array.shape}
    return message("ModelInferRequest")(model_name="scale", inputs=[given], raw_input_contents=[array.tobytes()])


@pytest.fixture(scope="module")
def scale(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("scale"), "Scale") as serving:
        yield serving


@pytest.fixture(scope="module")
def client(scale):
    return Client(scale)


def test_it_tells_what_it_is(client):
    named = {"name": "scale"}
    assert client.call("ServerLive", message("ServerLiveRequest")()).live
    assert client.call("ServerReady", message("ServerReadyRequest")()).ready
    assert client.call("ModelReady", message("ModelReadyRequest")(**named)).ready
    assert list(client.call("ServerMetadata", message("ServerMetadataRequest")()).extensions) == ["binary_tensor_data"]
    found = client.call("ModelMetadata", message("ModelMetadataRequest")(**named, version="1"))
    assert (found.name, list(found.versions), found.inputs[0].datatype) == ("scale", ["1"], "FP32")
    assert list(found.inputs[0].shape) == [-1, 3]


def test_it_answers_in_the_way_it_was_asked(client):
    answer = client.call("ModelInfer", asked())
    assert (answer.id, answer.model_name, answer.outputs[0].name) == ("mine", "scale", "y")
    assert list(answer.outputs[0].contents.fp32_contents) == [2, 4, 6]
    assert len(answer.raw_output_contents) == 0
    rows = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    answer = client.call("ModelInfer", raw(rows))
    assert list(answer.outputs[0].shape) == [2, 3]
    assert (numpy.frombuffer(answer.raw_output_contents[0], "<f4").reshape(2, 3) == 2 * rows).all()
    chosen = asked()
    chosen.outputs.add(name="rows")
    assert [each.name for each in client.call("ModelInfer", chosen).outputs] == ["rows"]


@pytest.mark.parametrize(
    ("request_", "field", "fix"),
    [
        (message("ModelInferRequest")(model_name="scale"), "inputs", "send 1 to 64"),
        (asked(name="z"), "inputs[0].name", "it has x"),
        (asked(name=""), "inputs[0].name", "name the tensor"),
        (asked(datatype="FP33"), "inputs[0].datatype", "use one of BOOL"),
        (asked(datatype="INT64"), "inputs[0].contents.fp32_contents", "send int64_contents"),
        (asked(datatype="FP16"), "inputs[0].contents", "raw_input_contents"),
        (asked(shape=[-1, 3]), "inputs[0].shape", "at least 1"),
        (asked(shape=[2**40, 2**20]), "inputs[0].shape", "send fewer"),
        (asked(shape=[2, 3]), "inputs[0].contents", "send as many"),
        (asked(shape=[3]), "inputs[0].shape", "the model takes [-1, 3]"),
        (raw(numpy.zeros((1, 3)), "FP32"), "raw_input_contents[0]", "has 24 bytes"),
        (raw(numpy.zeros((1, 3)), "FP64"), "inputs[0].datatype", "the model takes FP32"),
    ],
)
def test_bad_input_is_an_invalid_argument_with_field_and_fix(client, request_, field, fix):
    code, details = client.refusal(request_)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert details.startswith(field)
    assert fix in details


def test_raw_and_typed_contents_do_not_mix(client):
    mixed = asked()
    mixed.raw_input_contents.append(b"123")
    assert client.refusal(mixed) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "inputs[0].contents: is there beside raw_input_contents; send one of both",
    )
    mixed.raw_input_contents.append(b"123")
    assert client.refusal(mixed)[1].startswith("raw_input_contents: has 2 tensors, inputs has 1")


def test_what_is_not_here_is_not_found_and_what_is_too_large_refused(client):
    other = asked()
    other.model_name = "other"
    assert client.refusal(other)[0] == grpc.StatusCode.NOT_FOUND
    other.model_name, other.model_version = "scale", "2"
    assert client.refusal(other)[0] == grpc.StatusCode.NOT_FOUND
    large = raw(numpy.zeros((1, BODY_BYTES_MAX // 4), dtype=numpy.float32))
    assert client.refusal(large)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert list(client.call("ModelInfer", asked()).outputs[0].contents.fp32_contents) == [2, 4, 6]


def test_deadlines_and_cancellation_end_what_waits(tmp_path):
    with Serving(tmp_path, "Scale", batch_max=1, SECONDS="0.5") as serving:
        client = Client(serving)
        infer = client.method("ModelInfer")
        first = infer.future(asked(), timeout=20)
        time.sleep(0.1)
        began = time.monotonic()
        late = infer.future(asked(), timeout=0.1)
        patient = asked()
        patient.parameters["timeout_ms"].int64_param = 100
        told = infer.future(patient, timeout=20)
        cancelled = infer.future(asked(), timeout=20)
        cancelled.cancel()
        assert (late.code(), told.code()) == (grpc.StatusCode.DEADLINE_EXCEEDED,) * 2
        assert "0.100 s" in told.details()
        assert time.monotonic() - began < TIMEOUT_SECONDS_DEFAULT / 2
        assert list(first.result().outputs[0].contents.fp32_contents) == [2, 4, 6]
        # Neither of those that gave up is answered after it: the next one begins at once.
        began = time.monotonic()
        assert infer(asked(), timeout=20).outputs
        assert time.monotonic() - began < 1.6


def test_too_many_are_refused_with_when_to_come_again(tmp_path):
    with Serving(tmp_path, "Scale", batch_max=1, SECONDS="0.02") as serving:
        infer = Client(serving).method("ModelInfer")
        calls = [infer.future(asked(), timeout=20) for _ in range(120)]
        codes = {each.code() for each in calls}
        assert codes == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
        refused = next(each for each in calls if each.code() != grpc.StatusCode.OK)
        assert int(dict(refused.trailing_metadata())["retry-after"]) >= 1


TYPES = {
    "BOOL": ("bool_contents", [True, False], "?"),
    "INT8": ("int_contents", [-128, 127], "<i1"),
    "INT16": ("int_contents", [-(2**15), 2**15 - 1], "<i2"),
    "INT32": ("int_contents", [-(2**31), 2**31 - 1], "<i4"),
    "INT64": ("int64_contents", [-(2**63), 2**63 - 1], "<i8"),
    "UINT8": ("uint_contents", [0, 255], "<u1"),
    "UINT16": ("uint_contents", [0, 2**16 - 1], "<u2"),
    "UINT32": ("uint_contents", [0, 2**32 - 1], "<u4"),
    "UINT64": ("uint64_contents", [0, 2**64 - 1], "<u8"),
    "FP16": (None, [0.5, -2.0], "<f2"),
    "FP32": ("fp32_contents", [0.5, -2.0], "<f4"),
    "FP64": ("fp64_contents", [0.1, -1e300], "<f8"),
    "BYTES": ("bytes_contents", [b"\xff\x00", b""], None),
}


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("echo"), "Echo") as serving:
        yield serving


@pytest.mark.parametrize("datatype", TYPES)
def test_every_type_goes_there_and_back_in_both_ways(echo, datatype):
    client = Client(echo)
    field, values, kind = TYPES[datatype]
    if field is not None:
        answer = client.call("ModelInfer", asked(datatype=datatype, shape=[2], contents={field: values}))
        assert answer.outputs[0].datatype == datatype
        assert list(getattr(answer.outputs[0].contents, field)) == values
    sent = b"\x02\0\0\0\xff\x00\0\0\0\0" if kind is None else numpy.array(values, dtype=kind).tobytes()
    request = message("ModelInferRequest")(
        model_name="scale", inputs=[{"name": "x", "datatype": datatype, "shape": [2]}], raw_input_contents=[sent]
    )
    answer = client.call("ModelInfer", request)
    assert (answer.outputs[0].datatype, answer.raw_output_contents[0]) == (datatype, sent)


def test_numbers_beyond_their_type_and_cut_text_are_refused(echo):
    client = Client(echo)
    code, details = client.refusal(asked(datatype="UINT8", shape=[1], contents={"uint_contents": [256]}))
    assert (code, "UINT8 takes 0 to 255" in details) == (grpc.StatusCode.INVALID_ARGUMENT, True)
    for sent, why in (
        (b"\x02\0\0", "ends at element 0 of 1"),
        (b"\x02\0\0\0a", "ends within element 0"),
        (b"\xff\xff\xff\xffa", "ends within element 0"),
        (b"\x01\0\0\0ab", "1 bytes after its 1 elements"),
    ):
        given = [{"name": "x", "datatype": "BYTES", "shape": [1]}]
        request = message("ModelInferRequest")(model_name="scale", inputs=given, raw_input_contents=[sent])
        assert why in client.refusal(request)[1]


def test_an_objective_per_token_tells_how_many_there_were(tmp_path):
    per_token = {"latencyMs": 20, "percentile": 90, "per": "token"}
    with Serving(tmp_path, "Words", per_token) as serving:
        method = Client(serving).method("ModelInfer")
        _, call = method.with_call(raw(numpy.array([[7, 0, 0]], dtype=numpy.float32)), timeout=20)
        assert dict(call.trailing_metadata())["x-output-tokens"] == "7"
