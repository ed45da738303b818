"""Limits of the serving loop, and what its agent tells an instance."""

import json
from dataclasses import dataclass

# Bounds of one request.
HEADER_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 32 * 1024 * 1024
ELEMENTS_MAX = 8 * 1024 * 1024
DIMENSIONS_MAX = 8
TENSORS_MAX = 64
NAME_CHARACTERS_MAX = 200

# Bounds of connections.
CONNECTIONS_MAX = 512
# Over gRPC, at once.
CALLS_MAX = 512
IDLE_SECONDS = 75.0
RECEIVE_SECONDS = 30.0

# A request that does not say how long it waits.
TIMEOUT_SECONDS_DEFAULT = 30.0
TIMEOUT_SECONDS_MAX = 3600.0

# Requests that wait at once: so many full batches, and at least so many requests.
QUEUED_BATCHES_MAX = 16
QUEUED_MIN = 64
# Bytes of all requests that wait.
QUEUED_BYTES_MAX = 256 * 1024 * 1024

# The model is taken to hang, and the instance ends, when a batch takes so many times as long as the most patient of its clients was
# ready to wait, or as this, whichever is longer.
HANG_TIMES = 2.0
HANG_SECONDS_MIN = 10.0
# As is a handler whose load() takes longer than this.
LOAD_SECONDS_MAX = 900.0
WATCH_SECONDS = 0.25
# Shared weights that nobody uses any more are looked for so often.
SWEEP_SECONDS = 30.0

# What is told of: latencies of so long, of so many requests at most.
WINDOW_SECONDS = 10.0
WINDOW_REQUESTS_MAX = 20_000
STATUS_SECONDS = 1.0

# After SIGTERM what was begun is ended for so long; the agent kills a little later.
DRAIN_SECONDS = 8.0
# For the last answers to get to their clients.
SEND_SECONDS = 0.05


@dataclass(frozen=True)
class ServeConfig:
    instance_id: str
    attempt: int
    name: str
    handler: str
    batch_max: int
    slo_seconds: float | None
    slo_percentile: float
    # The objective is of each token of an answer, not of a request.
    is_per_token: bool
    bind_host: str
    advertise_host: str
    # The status is written there every second; nowhere when empty.
    status_path: str
    bundle_folder: str
    # A request that does not say how long it waits, waits so long.
    timeout_seconds: float = TIMEOUT_SECONDS_DEFAULT
    # What the process may hold of its own; without a bound where it is None.
    memory_bytes: int | None = None
    hang_seconds: float = HANG_SECONDS_MIN
    load_seconds: float = LOAD_SECONDS_MAX
    port: int = 0
    grpc_port: int = 0


def read_config(path: str) -> ServeConfig:
    with open(path, encoding="utf8") as file:
        given = json.load(file)
    slo = given.get("slo")
    return ServeConfig(
        instance_id=given["instanceId"],
        attempt=int(given["attempt"]),
        name=given["name"],
        handler=given["handler"],
        batch_max=max(1, int(given["batchMax"])),
        slo_seconds=None if slo is None else float(slo["latencyMs"]) / 1000,
        slo_percentile=99.0 if slo is None else float(slo["percentile"]),
        is_per_token=slo is not None and slo.get("per") == "token",
        bind_host=given["bindHost"],
        advertise_host=given["advertiseHost"],
        status_path=given.get("statusPath", ""),
        bundle_folder=given["bundleFolder"],
        timeout_seconds=float(given.get("timeoutMs") or 1000 * TIMEOUT_SECONDS_DEFAULT) / 1000,
        memory_bytes=int(given.get("memoryBytes") or 0) or None,
        hang_seconds=float(given.get("hangSeconds") or HANG_SECONDS_MIN),
        load_seconds=float(given.get("loadSeconds") or LOAD_SECONDS_MAX),
        port=int(given.get("port", 0)),
        grpc_port=int(given.get("grpcPort", 0)),
    )
