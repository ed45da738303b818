"""The layout that this benchmark reads is the one of the C header: the compiler says where its fields are."""

import shutil
import struct
import subprocess

import pytest
from gpu_bench import shared_file
from gpu_bench.sharing import SOURCES

cc = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here: the layout cannot be compared")


@cc
def test_fields_are_where_the_header_has_them(tmp_path):
    prints = "".join(
        f'  printf("{name} %zu %zu\\n", offsetof(struct cloudless_slot, {name}), sizeof(((struct cloudless_slot *)0)->{name}));\n'
        for name in shared_file.FIELDS
    )
    constants = (("MAGIC", "MAGIC"), ("VERSION", "VERSION"), ("SLOTS", "SLOTS"), ("CLAIMS_AT", "CLAIMS_AT"), ("SLOTS_AT", "SLOTS_AT"), ("SLOT_BYTES", "SLOT_BYTES"))  # fmt: skip
    prints += "".join(f'  printf("{ours} %llu 0\\n", (unsigned long long)CLOUDLESS_{theirs});\n' for ours, theirs in constants)
    source = tmp_path / "layout.c"
    source.write_text(f'#include <stddef.h>\n#include <stdio.h>\n#include "shared.h"\nint main(void) {{\n{prints}}}\n')
    subprocess.run(["cc", "-I", str(SOURCES), "-o", str(tmp_path / "layout"), str(source)], check=True)
    lines = subprocess.run([str(tmp_path / "layout")], capture_output=True, text=True, check=True).stdout.splitlines()
    found = {name: (int(offset), int(size)) for name, offset, size in (line.split() for line in lines)}
    for name, (offset, form) in shared_file.FIELDS.items():
        assert found[name] == (offset, struct.calcsize(form)), name
    for ours, _ in constants:
        assert found[ours][0] == getattr(shared_file, ours), ours


def test_a_process_without_a_slot_has_no_counters_and_one_with_has_its_own(tmp_path):
    data = bytearray(shared_file.SLOTS_AT + shared_file.SLOTS * shared_file.SLOT_BYTES)
    struct.pack_into("<QI", data, 0, shared_file.MAGIC, shared_file.VERSION)
    struct.pack_into("<Q", data, shared_file.CLAIMS_AT + 8 * 3, (77 << 32) | 1234)
    struct.pack_into("<Q", data, shared_file.SLOTS_AT + 3 * shared_file.SLOT_BYTES + 8, 42)
    path = tmp_path / "gpu"
    path.write_bytes(data)
    assert shared_file.slot_of(path, 1234)["launches"] == 42
    assert shared_file.slot_of(path, 77) is None


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "gpu"
    path.write_bytes(bytes(shared_file.SLOTS_AT))
    with pytest.raises(ValueError, match="not a shared file"):
        shared_file.slot_of(path, 1)
