"""How much memory an instance may hold, where its function file says so (`memory_gib`).

Without rights over control groups a process can only bound itself. What is counted is memory of its own (anonymous and in RAM): not files
that it maps, nor weights that it shares with others. Two bounds hold it. The kernel refuses an allocation that would take the process far
beyond, so that one request that asks for too much gets a MemoryError, and nobody else does (RLIMIT_DATA, which counts what is allocated,
used or not; not where there is a GPU, whose driver reserves much more than it uses). And an instance that has come to hold more than it may
ends what it has begun and is started again: that is what a leak comes to. Handlers with rights of their own, or child processes, can go
around both; a Kubernetes pod's limit can not be gone around.
"""

import os
import resource

# Of the limit, beside what the serving loop itself had before: what is allocated is not all used.
_ALLOCATED_PART = 1.5


def bound_allocations(memory_bytes: int) -> None:
    if os.environ.get("CUDA_VISIBLE_DEVICES"):
        return
    allowed = _status("VmData") + int(_ALLOCATED_PART * memory_bytes)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def own_bytes() -> int:
    return _status("RssAnon")


def _status(name: str) -> int:
    """Bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(f"{name}:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0
