"""The messages of the protocol's gRPC form, without generated code: `inference.binpb` is the FileDescriptorSet of
proto/inference/grpc_service.proto, written by `npm run generate`. The classes are in a pool of our own, so that they never clash with those
of a client library in the user's process."""

from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    data = resources.files("cloudless.serve").joinpath("inference.binpb").read_bytes()
    built = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        built.AddSerializedFile(file.SerializeToString())
    return built


@cache
def message(name: str) -> Any:
    """The class of `inference.<name>`, for example ModelInferRequest; KeyError when there is none of that name."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"inference.{name}"))


def methods() -> dict[str, tuple[Any, Any]]:
    """Classes of request and response of every method of the service, by its name."""
    found = _pool().FindServiceByName(SERVICE).methods_by_name
    return {name: (message(each.input_type.name), message(each.output_type.name)) for name, each in found.items()}
