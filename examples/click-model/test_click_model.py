"""The counts in job.yaml are those that prepare.py makes, and train.py learns alone from a few clicks."""

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
        data = np.load(part["path"])
        assert data["fields"].shape == (part["samples"], 6)
        assert data["clicked"].shape == (part["samples"],)
        # Clicks and others: neither all of one kind nor a coin's tosses.
        assert 0.05 < data["clicked"].mean() < 0.45


def test_fewer_samples_than_regions_and_a_bad_split_are_refused(tmp_path):
    for arguments in (["--samples", "5"], ["--split", "3:0"], ["--split", "3:x"]):
        ended = run("prepare.py", "--out", tmp_path / "none", *arguments)
        assert ended.returncode == 1
        assert "prepare: --split is" in ended.stderr


def test_it_learns_alone(tmp_path):
    made = prepare(tmp_path, "--samples", 3000)
    assert [shard["samples"] for shard in made["shards"]] == [1500, 1000, 500]
    paths = [shard["path"] for shard in made["shards"]]
    ended = run("train.py", *paths, "--holdout", made["holdout"]["path"], "--epochs", 3)
    assert ended.returncode == 0, ended.stderr
    losses = [float(value) for value in re.findall(r"'log_loss': ([\d.]+)", ended.stderr)]
    assert len(losses) == 3, ended.stderr
    assert losses[0] > losses[-1] > 0
