"""A client library that we did not write: NVIDIA's tritonclient, over HTTP (binary and JSON) and gRPC, straight at an instance."""

import numpy
import pytest

from serving_process import Serving

REASON = "needs tritonclient (pip install tritonclient[all])"
http = pytest.importorskip("tritonclient.http", reason=REASON)
grpc = pytest.importorskip("tritonclient.grpc", reason=REASON)

ROWS = numpy.array([[1, 2, 3], [4, 5, 6]], dtype=numpy.float32)


@pytest.fixture(scope="module")
def scale(tmp_path_factory):
    with Serving(tmp_path_factory.mktemp("scale"), "Scale") as serving:
        yield serving


@pytest.fixture(params=["http", "grpc"])
def both(request, scale):
    library, field = (http, "endpoint") if request.param == "http" else (grpc, "grpcEndpoint")
    client = library.InferenceServerClient(url=scale.status()[field])
    yield library, client
    client.close()


def tensor(library, name: str, array: numpy.ndarray, datatype: str, **options):
    made = library.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, **options)
    return made


def test_it_is_alive_ready_and_described(both):
    _, client = both
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("scale")
    found = client.get_model_metadata("scale")
    assert (found["name"] if isinstance(found, dict) else found.name) == "scale"


def test_it_answers(both):
    library, client = both
    result = client.infer("scale", [tensor(library, "x", ROWS, "FP32")], request_id="7")
    assert (result.as_numpy("y") == 2 * ROWS).all()
    chosen = client.infer("scale", [tensor(library, "x", ROWS, "FP32")], outputs=[library.InferRequestedOutput("y")])
    assert (chosen.as_numpy("y") == 2 * ROWS).all()
    assert chosen.as_numpy("rows") is None


def test_json_both_ways(scale):
    client = http.InferenceServerClient(url=scale.status()["endpoint"])
    asked = [http.InferRequestedOutput("y", binary_data=False)]
    result = client.infer("scale", [tensor(http, "x", ROWS, "FP32", binary_data=False)], outputs=asked)
    assert (result.as_numpy("y") == 2 * ROWS).all()


def test_a_refusal_is_the_librarys_own_error(both):
    library, client = both
    with pytest.raises(Exception, match="it has x") as raised:
        client.infer("scale", [tensor(library, "z", ROWS, "FP32")])
    assert type(raised.value).__name__ == "InferenceServerException"


def test_text_goes_there_and_back(tmp_path):
    words = numpy.array([b"one", "zwölf".encode(), b"\xff"], dtype=numpy.object_)
    with Serving(tmp_path, "Echo") as serving:
        for library, field in ((http, "endpoint"), (grpc, "grpcEndpoint")):
            client = library.InferenceServerClient(url=serving.status()[field])
            result = client.infer("scale", [tensor(library, "words", words, "BYTES")])
            assert result.as_numpy("words").tolist() == words.tolist()
