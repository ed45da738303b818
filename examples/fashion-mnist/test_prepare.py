"""prepare.py refuses damaged files by name, and splits the same way every time."""

import gzip
import json
import struct

import numpy as np
import prepare
import pytest


def write_idx(path, magic, sizes, data):
    path.write_bytes(gzip.compress(struct.pack(f">I{len(sizes)}I", magic, *sizes) + data))
    return path


def test_a_sound_file_is_read(tmp_path):
    path = write_idx(tmp_path / "a.gz", 0x801, (3,), b"\x01\x02\x03")
    assert prepare.read_idx(path, 0x801, (3,)).tolist() == [1, 2, 3]


def test_damaged_files_are_refused_with_what_was_found_and_expected(tmp_path):
    path = tmp_path / "a.gz"
    cases = [
        (write_idx, (0x803, (3,), b"abc"), "magic number is 0x00000803, expected 0x00000801"),
        (write_idx, (0x801, (4,), b"abcd"), r"sizes are \(4,\), expected \(3,\)"),
        (write_idx, (0x801, (3,), b"ab"), "2 bytes of data, expected 3"),
        (write_idx, (0x801, (), b""), "4 bytes, expected a head of 8"),
    ]
    for write, arguments, message in cases:
        write(path, *arguments)
        with pytest.raises(prepare.BadData, match=f"a.gz: {message}"):
            prepare.read_idx(path, 0x801, (3,))
    path.write_bytes(b"not gzip")
    with pytest.raises(prepare.BadData, match="a.gz: Not a gzipped file"):
        prepare.read_idx(path, 0x801, (3,))
    with pytest.raises(prepare.BadData, match="none.gz: .*No such file"):
        prepare.read_idx(tmp_path / "none.gz", 0x801, (3,))


def test_a_bad_split_is_refused():
    for text in ("", "3:x", "3:0", "-1"):
        with pytest.raises(prepare.BadData, match="--split is"):
            prepare.shares_of(text)


def test_shards_hold_every_image_once_in_the_asked_ratio(tmp_path):
    images = np.zeros((12, 28, 28), np.uint8)
    result = prepare.write(tmp_path, "test", [3, 2, 1], images, np.arange(12, dtype=np.uint8), images[:2], images[:2, 0, 0])
    assert json.loads(json.dumps(result)) == result
    assert [shard["samples"] for shard in result["shards"]] == [6, 4, 2]
    labels = [np.load(shard["path"])["labels"] for shard in result["shards"]]
    assert sorted(np.concatenate(labels)) == list(range(12))
    again = prepare.write(tmp_path, "test", [3, 2, 1], images, np.arange(12, dtype=np.uint8), images[:2], images[:2, 0, 0])
    assert np.array_equal(np.load(again["shards"][0]["path"])["labels"], labels[0])
