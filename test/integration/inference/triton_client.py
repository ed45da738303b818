"""Asks a function with NVIDIA's tritonclient over HTTP and gRPC, and prints what it heard as one line of JSON; exits with 77 where the
library is not installed.  triton_client.py HTTP_ADDRESS GRPC_ADDRESS MODEL"""

import json
import sys

import numpy

try:
    import tritonclient.grpc as grpc
    import tritonclient.http as http
except ImportError:
    sys.exit(77)


def asked(library, client, model: str) -> dict:
    x = library.InferInput("x", [2, 2], "FP32")
    x.set_data_from_numpy(numpy.array([[1, 2], [3, 4]], dtype=numpy.float32))
    wrong = library.InferInput("w", [2, 2], "FP32")
    wrong.set_data_from_numpy(numpy.zeros((2, 2), dtype=numpy.float32))
    try:
        client.infer(model, [wrong])
        refusal = ""
    except Exception as error:
        refusal = f"{type(error).__name__}: {error}"
    return {
        "isLive": client.is_server_live(),
        "isReady": client.is_model_ready(model),
        "y": client.infer(model, [x]).as_numpy("y").tolist(),
        "refusal": refusal,
    }


_, http_address, grpc_address, model = sys.argv
found = {
    "http": asked(http, http.InferenceServerClient(url=http_address), model),
    "grpc": asked(grpc, grpc.InferenceServerClient(url=grpc_address), model),
}
print(json.dumps(found))
