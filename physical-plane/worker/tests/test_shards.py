"""Where a region's data lies, and what is said when it does not lie there."""

import pytest

import cloudless
from cloudless.shards import check_length, check_there, shard_of


def test_a_uri_becomes_a_local_path(tmp_path):
    path = tmp_path / "a shard %.npz"
    path.write_bytes(b"")
    shard = shard_of(path.as_uri(), 7)
    assert shard == cloudless.Shard(str(path), 7)
    assert check_there("shard", path.as_uri(), shard, "onprem/lab") is shard


def test_a_folder_can_be_a_shard(tmp_path):
    shard = shard_of(tmp_path.as_uri(), 7)
    assert check_there("shard", tmp_path.as_uri(), shard, "onprem/lab") is shard


@pytest.mark.parametrize("uri", ["s3://bucket/key", "file://other-host/data", "/data/lab.npz"])
def test_addresses_that_are_no_local_files_are_refused(uri):
    with pytest.raises(cloudless.Unsupported, match=f"shard {uri}: only file:///path"):
        shard_of(uri, 7)


@pytest.mark.parametrize(("kind", "field"), [("shard", r"data\.shards\[\]\.uri"), ("holdout", r"data\.holdout\.uri")])
def test_missing_data_is_refused_with_uri_region_and_fix(tmp_path, kind, field):
    uri = (tmp_path / "no such.npz").as_uri()
    with pytest.raises(cloudless.DatasetMissing) as caught:
        check_there(kind, uri, shard_of(uri, 7), "aws/us-east-1")
    caught.match(f"^{kind} {uri} of region aws/us-east-1: {tmp_path}/no such.npz does not exist on this worker's machine")
    caught.match(f"copy or mount it in aws/us-east-1\\), or correct {field} in job.yaml$")


def test_a_path_through_a_file_is_missing_and_one_that_no_system_takes_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name, because in [("file/inside", "does not exist"), ("a%00b", r"cannot be read \(.*null"), ("n" * 300, "cannot be read")]:
        uri = f"{tmp_path.as_uri()}/{name}"
        with pytest.raises(cloudless.DatasetMissing, match=because):
            check_there("shard", uri, shard_of(uri, 7), "onprem/lab")


def test_a_length_that_was_not_declared_is_refused_with_both_numbers():
    shards = [cloudless.Shard("/a", 3), cloudless.Shard("/b", 4)]
    check_length(7, shards, 7)
    with pytest.raises(cloudless.DatasetMismatch, match=r"dataset has 6 samples but the job declares 7 .*/a: 3, /b: 4"):
        check_length(6, shards, 7)
