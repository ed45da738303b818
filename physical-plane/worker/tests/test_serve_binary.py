"""The binary extension of the protocol's HTTP form: tensors behind the JSON, both ways, and mixed with those in it."""

import json

import numpy
import pytest

from serving_process import Serving


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("echo"), "Echo") as serving:
        yield serving


def ask(serving: Serving, content: dict, tail: bytes = b"", head_bytes: object = None):
    head = json.dumps(content).encode()
    connection = serving.connect()
    length = str(len(head) if head_bytes is None else head_bytes)
    headers = {"Inference-Header-Content-Length": length}
    connection.request("POST", "/v2/models/scale/versions/1/infer", head + tail, headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    head_size = response.headers.get("inference-header-content-length")
    cut = len(body) if head_size is None else int(head_size)
    return response, json.loads(body[:cut]), body[cut:]


def binary(name: str, datatype: str, shape: list, size: int) -> dict:
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}


def test_tensors_go_behind_the_json_both_ways(echo):
    a = numpy.array([[1.5, -0.0], [numpy.nan, numpy.inf]], dtype="<f4").tobytes()
    b = b"\x03\0\0\0\xffab\0\0\0\0"
    inputs = [binary("a", "FP32", [2, 2], 16), binary("b", "BYTES", [2], 11)]
    response, answer, tail = ask(echo, {"inputs": inputs, "parameters": {"binary_data_output": True}}, a + b)
    assert response.status == 200, answer
    assert response.headers["content-type"] == "application/octet-stream"
    assert [each["parameters"]["binary_data_size"] for each in answer["outputs"]] == [16, 11]
    assert tail == a + b


def test_each_tensor_may_be_in_its_own_way(echo):
    inputs = [binary("a", "INT32", [1], 4), {"name": "b", "datatype": "BYTES", "shape": [1], "data": ["ä"]}]
    outputs = [{"name": "b", "parameters": {"binary_data": True}}, {"name": "a", "parameters": {"binary_data": False}}]
    _, answer, tail = ask(echo, {"inputs": inputs, "outputs": outputs}, b"\x07\0\0\0")
    assert answer["outputs"] == [
        {"name": "b", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}},
        {"name": "a", "datatype": "INT32", "shape": [1], "data": [7]},
    ]
    assert tail == b"\x02\0\0\0" + "ä".encode()


def test_what_json_can_not_say_is_told_so_and_may_be_asked_for_as_bytes(echo):
    inputs = [binary("a", "FP32", [1], 4)]
    nan = numpy.array([numpy.nan], dtype="<f4").tobytes()
    response, answer, _ = ask(echo, {"inputs": inputs}, nan)
    assert (response.status, "ask for binary data" in answer["error"]) == (500, True)


@pytest.mark.parametrize(
    ("inputs", "tail", "head_bytes", "field", "fix"),
    [
        ([binary("a", "FP32", [1], 4)], b"", None, "inputs[0].parameters.binary_data_size", "0 bytes are left"),
        ([binary("a", "FP32", [1], -1)], b"1234", None, "inputs[0].parameters.binary_data_size", "is -1"),
        ([binary("a", "FP32", [1], True)], b"1234", None, "inputs[0].parameters.binary_data_size", "is True"),
        ([binary("a", "FP32", [2], 4)], b"1234", None, "inputs[0].parameters.binary_data_size", "has 8; send as many"),
        ([binary("a", "FP32", [1], 4)], b"12345", None, "body", "has 1 bytes behind its tensors"),
        ([{**binary("a", "FP32", [1], 4), "data": [1]}], b"1234", None, "inputs[0].parameters", "send one of both"),
        ([binary("a", "FP32", [1], 4)], b"1234", 10**9, "inference-header-content-length", "are JSON"),
        ([binary("a", "FP32", [1], 4)], b"1234", "x", "inference-header-content-length", "are JSON"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(echo, inputs, tail, head_bytes, field, fix):
    response, answer, _ = ask(echo, {"inputs": inputs}, tail, head_bytes)
    assert response.status == 400
    assert answer["error"].startswith(field)
    assert fix in answer["error"]


def test_sizes_without_the_header_are_refused(echo):
    response, answer = echo.ask("POST", "/v2/models/scale/infer", {"inputs": [binary("a", "FP32", [1], 4)]})
    assert (response.status, "Inference-Header-Content-Length" in answer["error"]) == (400, True)
