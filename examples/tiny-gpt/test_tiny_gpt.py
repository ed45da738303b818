"""The counts in job.yaml are those that prepare.py makes, and train.py learns alone from a few windows."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
SDK = FOLDER.parents[1] / "physical-plane/worker"


def run(script, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDLESS_")}
    return subprocess.run(
        [sys.executable, FOLDER / script, *map(str, arguments)],
        env=environment | {"PYTHONPATH": str(SDK), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def prepare(out, *arguments):
    ended = run("prepare.py", "--out", out, *arguments)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_job_yaml_declares_what_prepare_makes(tmp_path):
    made = prepare(tmp_path)
    declared = [int(count) for count in re.findall(r"samples: (\d+) }", (FOLDER / "job.yaml").read_text())]
    assert declared == [shard["samples"] for shard in (*made["shards"], made["holdout"])]
    for part in (*made["shards"], made["holdout"]):
        windows = np.load(part["path"])
        assert windows.shape == (part["samples"], 129)
        assert windows.dtype == np.uint8


def test_more_text_than_there_is_is_refused_with_both_numbers(tmp_path):
    ended = run("prepare.py", "--out", tmp_path / "none", "--samples", 10**7)
    assert ended.returncode == 1
    assert re.search(r"has text for \d+ windows, \d+ too few for --samples 10000000", ended.stderr), ended.stderr
    assert not (tmp_path / "none").exists()


def test_fewer_windows_than_regions_and_a_bad_split_are_refused(tmp_path):
    for arguments in (["--samples", "5"], ["--split", "3:0"], ["--split", "3:x"]):
        ended = run("prepare.py", "--out", tmp_path / "none", *arguments)
        assert ended.returncode == 1
        assert "prepare: --split is" in ended.stderr


def test_it_learns_alone(tmp_path):
    made = prepare(tmp_path, "--samples", 240)
    assert [shard["samples"] for shard in made["shards"]] == [120, 80, 40]
    paths = [shard["path"] for shard in made["shards"]]
    ended = run("train.py", *paths, "--holdout", made["holdout"]["path"], "--epochs", 3)
    assert ended.returncode == 0, ended.stderr
    bits = [float(value) for value in re.findall(r"'bits_per_byte': ([\d.]+)", ended.stderr)]
    assert len(bits) == 3, ended.stderr
    # Bytes drawn evenly cost 8 bits.
    assert 8 > bits[0] > bits[-1] > 0
