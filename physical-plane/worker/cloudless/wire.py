"""The wire types of WorkerService, without generated code.

`worker.binpb` is the FileDescriptorSet of proto/cloudless/v1/worker.proto and its imports, written by
`npm run generate`. Message classes are built from it at first use, in a pool of our own, so that they never
clash with another copy in the user's process.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "cloudless.v1"
SERVICE = f"{PACKAGE}.WorkerService"


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """The descriptors of worker.proto and its imports."""
    data = resources.files("cloudless").joinpath("worker.binpb").read_bytes()
    built = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        built.AddSerializedFile(file.SerializeToString())
    return built


@cache
def message(name: str) -> Any:
    """The message class `cloudless.v1.<name>`; KeyError when worker.proto has none of that name."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@cache
def enum(name: str) -> dict[str, int]:
    """Numbers of the enum `cloudless.v1.<name>` by value name."""
    return {value.name: value.number for value in pool().FindEnumTypeByName(f"{PACKAGE}.{name}").values}


def method(name: str) -> tuple[str, Any, Any]:
    """Path, request class and response class of `WorkerService.<name>`."""
    found = pool().FindServiceByName(SERVICE).methods_by_name[name]
    return (f"/{SERVICE}/{name}", message(found.input_type.name), message(found.output_type.name))
