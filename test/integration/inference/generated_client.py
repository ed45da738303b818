"""Asks a function over gRPC with a client that gRPC's own generator makes of the protocol's file, as its documentation tells users to, and
prints what it heard as one line of JSON; exits with 77 where the generator is not installed.  generated_client.py PROTO GRPC_ADDRESS MODEL"""

import json
import os
import sys
import tempfile

import grpc
import numpy

try:
    from grpc_tools import protoc
except ImportError:
    sys.exit(77)

_, proto, address, model = sys.argv
with tempfile.TemporaryDirectory() as folder:
    out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(["protoc", f"-I{os.path.dirname(proto)}", *out, proto]) != 0:
        sys.exit(1)
    sys.path.insert(0, folder)
    import grpc_service_pb2 as messages
    import grpc_service_pb2_grpc as service

rows = numpy.array([[1, 2], [3, 4]], dtype=numpy.float32)


def request(name: str, is_raw: bool):
    asked = messages.ModelInferRequest(model_name=model, id="7")
    tensor = asked.inputs.add(name=name, datatype="FP32", shape=rows.shape)
    if is_raw:
        asked.raw_input_contents.append(rows.tobytes())
    else:
        tensor.contents.fp32_contents.extend(rows.ravel().tolist())
    return asked


with grpc.insecure_channel(address) as channel:
    stub = service.GRPCInferenceServiceStub(channel)
    typed = stub.ModelInfer(request("x", False), timeout=20)
    raw = stub.ModelInfer(request("x", True), timeout=20)
    try:
        stub.ModelInfer(request("w", False), timeout=20)
        refusal = []
    except grpc.RpcError as error:
        refusal = [error.code().name, error.details()]
    metadata = stub.ModelMetadata(messages.ModelMetadataRequest(name=model), timeout=20)
    found = {
        "isLive": stub.ServerLive(messages.ServerLiveRequest(), timeout=20).live,
        "isReady": stub.ModelReady(messages.ModelReadyRequest(name=model), timeout=20).ready,
        "inputs": [[each.name, each.datatype, list(each.shape)] for each in metadata.inputs],
        "id": typed.id,
        "typed": list(typed.outputs[0].contents.fp32_contents),
        "raw": numpy.frombuffer(raw.raw_output_contents[0], dtype=numpy.float32).tolist(),
        "refusal": refusal,
    }
print(json.dumps(found))
