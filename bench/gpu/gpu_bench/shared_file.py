"""What the interposers say in a GPU's shared file: read only, for the checks of this benchmark. The layout is that of
physical-plane/interposer/shared.h; test_shared_file.py compiles that header and compares."""

import struct
from pathlib import Path

MAGIC = 0x31555047444C4C43
VERSION = 2
SLOTS = 256
CLAIMS_AT = 4096
SLOTS_AT = 8192
SLOT_BYTES = 320

# Field -> (offset in the slot, format).
FIELDS = {
    "role": (0, "<I"),
    "busy": (4, "<I"),
    "launches": (8, "<Q"),
    "spent_ns": (16, "<Q"),
    "gpu_ns": (64, "<Q"),
    "memory_bytes": (72, "<Q"),
    "waited_ns": (80, "<Q"),
    "waits": (88, "<I"),
    "graph_launches": (92, "<I"),
    "synchronisations": (96, "<I"),
    "cycles": (100, "<I"),
    "mode": (132, "<I"),
    "granted_ns": (136, "<Q"),
    "memory_limit_bytes": (144, "<Q"),
    "tag": (256, "<Q"),
    "pid": (272, "<I"),
}


def slot_of(path, pid):
    """The counters of a process, or None while it has no slot."""
    data = Path(path).read_bytes()
    magic, version = struct.unpack_from("<QI", data, 0)
    if magic != MAGIC or version != VERSION:
        raise ValueError(f"{path}: magic {magic:#x}, version {version}: not a shared file of version {VERSION}")
    for index in range(SLOTS):
        claim = struct.unpack_from("<Q", data, CLAIMS_AT + 8 * index)[0]
        at = SLOTS_AT + SLOT_BYTES * index
        if claim != 0 and claim & 0xFFFFFFFF == pid:
            return {name: struct.unpack_from(form, data, at + offset)[0] for name, (offset, form) in FIELDS.items()}
    return None
