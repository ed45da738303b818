"""Models for ONNX Runtime: loaded from the bundle, checked by what they say of themselves, answered in batches."""

import importlib.util

import pytest

from serving_process import MODEL, SDK, Serving, all_at_once

if importlib.util.find_spec("onnxruntime") is None or importlib.util.find_spec("onnx") is None:
    pytest.skip("needs onnxruntime and onnx (pip install onnxruntime onnx)", allow_module_level=True)


def write_model(path, rows: object = "rows", kind: int | None = None) -> None:
    """y = x · w + 1, with w = [[1, 0], [0, 2], [1, 1]]."""
    from onnx import TensorProto, helper, save

    kind = TensorProto.FLOAT if kind is None else kind
    w = helper.make_tensor("w", TensorProto.FLOAT, [3, 2], [1.0, 0, 0, 2, 1, 1])
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    x = helper.make_tensor_value_info("x", kind, [rows, 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, 2])
    nodes = [helper.make_node("MatMul", ["x", "w"], ["xw"]), helper.make_node("Add", ["xw", "one"], ["y"])]
    graph = helper.make_graph(nodes, "linear", [x], [y], [w, one])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def serving(folder, path: str = "nets/linear.onnx") -> Serving:
    return Serving(folder, "-", settings={"handler": f"onnx:{path}"}, model=MODEL)


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    (folder / "nets").mkdir()
    write_model(folder / "nets/linear.onnx")
    with serving(folder) as instance:
        yield instance


def test_it_answers_and_says_what_it_takes(linear):
    found = linear.ask("GET", "/v2/models/scale")[1]
    assert found["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
    assert found["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]
    answer = linear.infer([1, 2, 3], [0, 0, 0])[1]
    assert answer["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [5.0, 8.0, 1.0, 1.0]}]


def test_requests_are_checked_by_what_the_model_says(linear):
    body = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
    response, answer = linear.ask("POST", "/v2/models/scale/infer", body)
    assert (response.status, "the model takes [-1, 3]" in answer["error"]) == (400, True)


def test_many_at_once_get_each_their_own(linear):
    answers = all_at_once(24, lambda n: linear.infer([n, 0, 0])[1]["outputs"][0]["data"])
    assert answers == [[n + 1.0, 1.0] for n in range(24)]


def test_a_model_of_one_row_answers_many(tmp_path):
    write_model(tmp_path / "one.onnx", rows=1)
    with serving(tmp_path, "one.onnx") as instance:
        assert instance.infer([1, 2, 3], [0, 0, 0])[1]["outputs"][0]["data"] == [5.0, 8.0, 1.0, 1.0]


def reason(instance: Serving) -> str:
    errors = instance.process.communicate(timeout=60)[1]
    assert instance.process.returncode == 1
    return errors


def test_what_can_not_be_loaded_says_why(tmp_path):
    assert "nets/linear.onnx is no file of the folder" in reason(serving(tmp_path))
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    assert "bad.onnx can not be loaded" in reason(serving(tmp_path, "bad.onnx"))
    write_model(tmp_path / "fixed.onnx", rows=4)
    assert "it must be free or 1" in reason(serving(tmp_path, "fixed.onnx"))


def test_without_onnx_runtime_it_says_what_to_install(tmp_path):
    # A module that can not be imported stands before the real one.
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/onnxruntime.py").write_text("raise ImportError('not on this machine')")
    instance = Serving(tmp_path, "-", settings={"handler": "onnx:a.onnx"}, PYTHONPATH=f"{SDK}:{tmp_path / 'hidden'}")
    assert "pip install onnxruntime" in reason(instance)
