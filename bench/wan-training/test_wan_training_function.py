"""The function of the benchmark wan-training keeps its pace, and evaluates beside training."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER / "function"), str(FOLDER.parents[1] / "physical-plane/worker")]
torch = pytest.importorskip("torch")

import train  # noqa: E402

PACES = {"a/a/worker-0": 60, "a/a/worker-1": 120, "b/b/worker-0": 80}


def printed(capsys, kind):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["kind"] == kind]


def some_images(tmp_path):
    random = np.random.default_rng(1)
    images = random.integers(0, 255, (40, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "shard.npz", images=images, labels=random.integers(0, 10, 40, dtype=np.uint8))
    return train.Images([train.cloudless.Shard(path=str(tmp_path / "shard.npz"), samples=40)])


def test_a_worker_finds_its_pace_and_its_share_of_its_regions_samples():
    key, seconds, share = train.own_entry(PACES, "j-1/a/a/worker-0")
    assert (key, seconds) == ("a/a/worker-0", 0.06)
    assert share == pytest.approx(2 / 3)
    assert train.own_entry(PACES, "j-1/b/b/worker-0")[2] == 1


def test_the_rate_is_constant_and_then_falls_to_its_last():
    assert train.rate_at(0) == train.rate_at(train.CONSTANT_SHARE) == 1
    assert train.rate_at(1) == train.rate_at(1.5) == pytest.approx(train.LAST_RATE)
    assert train.rate_at(0.8) == pytest.approx((1 + train.LAST_RATE) / 2)


def test_the_network_has_the_parameters_that_the_link_is_scaled_by():
    assert sum(parameter.numel() for parameter in train.network().parameters()) == 1_018_858


def test_a_step_takes_its_pace_or_longer_and_both_are_counted(monkeypatch, capsys):
    now = [100.0]
    monkeypatch.setattr(train.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(train.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    pace = train.Pace("a/a/worker-0", 0.06)
    for real in (0.01, 0.09):
        pace.batch()
        now[0] += real
        pace.computed()
    now[0] += 0.05
    pace.tell()
    (account,) = printed(capsys, "pace")
    assert (account["steps"], account["stepsOverPace"]) == (2, 1)
    assert account["realSeconds"] == pytest.approx(0.1)
    assert account["busySeconds"] == pytest.approx(0.15)
    assert account["wallSeconds"] == pytest.approx(0.2)


def test_an_evaluation_is_of_the_parameters_at_its_time(tmp_path, capsys):
    images = some_images(tmp_path)
    model = train.network()
    expected = train.measured(model, images, len(images))
    watcher = train.Watcher(images, every_seconds=0)
    watcher.stepped(model, 64)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    for _ in range(3000):
        if watcher._is_idle:
            break
        train.time.sleep(0.01)
    assert watcher.newest == expected
    (line,) = printed(capsys, "evaluation")
    assert (line["samples"], line["accuracy"]) == (64, expected["accuracy"])
