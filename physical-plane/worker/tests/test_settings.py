import pytest

from cloudless.errors import CloudlessError, DatasetMismatch, Unsupported
from cloudless.settings import settings_of
from cloudless.shards import Shard, check_length, shard_of


def test_without_a_parameter_server_a_script_runs_alone():
    assert settings_of({}) is None


def test_the_agents_variables_are_read():
    settings = settings_of(
        {
            "CLOUDLESS_PARAMETER_SERVER": "unix:/tmp/worker.sock",
            "CLOUDLESS_JOB_ID": "job",
            "CLOUDLESS_INSTANCE_ID": "instance",
            "CLOUDLESS_ATTEMPT": "2",
            "CLOUDLESS_REGION": "onprem/lab",
            "CLOUDLESS_UNITS": "1.5",
        }
    )
    assert settings.is_same_machine
    assert (settings.job_id, settings.instance_id, settings.attempt, settings.region) == ("job", "instance", 2, "onprem/lab")
    assert settings.threads == 1


@pytest.mark.parametrize("text", ["many", "-1", "nan"])
def test_a_bad_number_is_named(text):
    with pytest.raises(CloudlessError, match=f"CLOUDLESS_ATTEMPT is '{text}'"):
        settings_of({"CLOUDLESS_PARAMETER_SERVER": "host:1", "CLOUDLESS_ATTEMPT": text})


def test_file_uris_become_paths_and_others_are_refused():
    assert shard_of("file:///data/a%20b.npz", 3) == Shard("/data/a b.npz", 3)
    for uri in ("s3://bucket/a", "file://host/a", "/data/a"):
        with pytest.raises(Unsupported, match=f"shard {uri}: only file:///path"):
            shard_of(uri, 3)


def test_a_dataset_of_another_length_is_refused_with_both_numbers():
    check_length(5, [Shard("a", 2), Shard("b", 3)], 5)
    with pytest.raises(DatasetMismatch, match=r"dataset has 4 samples but the job declares 5 .*\(a: 2, b: 3\)"):
        check_length(4, [Shard("a", 2), Shard("b", 3)], 5)
