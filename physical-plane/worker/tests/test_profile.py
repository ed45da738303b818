"""What the profiler starts: a handler in batches, or a training script that runs alone, measured and ended."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudless.profile import Stopwatch, is_out_of_memory

WORKER = Path(__file__).parent.parent

HANDLER = """
import numpy, time
class Doubler:
    inputs = {"x": ("FP32", [-1, 3])}
    def load(self): self.rows = set()
    def predict(self, batch):
        time.sleep(0.002)
        if batch["x"].shape[0] > 8: raise RuntimeError("CUDA out of memory. Tried to allocate")
        return {"y": batch["x"] * 2}
class Open(Doubler):
    inputs = {"x": ("FP32", [-1, -1])}
class Words(Doubler):
    def predict(self, batch):
        return {**super().predict(batch), "output_tokens": numpy.full(batch["x"].shape[0], 10)}
class Silent(Doubler):
    inputs = None
"""

SCRIPT = """
import atexit, torch, cloudless
atexit.register(lambda: print("bye"))
model = torch.nn.Linear(4, 2)
session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1), epochs=10**6)
data = torch.utils.data.TensorDataset(torch.zeros(64, 4), torch.zeros(64, dtype=torch.long))
for features, labels in session.batches(data, batch_size=16):
    session.step(torch.nn.functional.cross_entropy(model(features), labels))
"""


def run(arguments: list[str], tmp_path: Path, batch: int = 4, seconds: str = "0.2") -> subprocess.CompletedProcess:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLOUDLESS_")},
        "PYTHONPATH": str(WORKER),
        "CLOUDLESS_PROFILE_BATCH": str(batch),
        "CLOUDLESS_PROFILE_SECONDS": seconds,
    }
    return subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)


def profile(name: str, tmp_path: Path, *more: str, **given) -> subprocess.CompletedProcess:
    (tmp_path / "answers.py").write_text(HANDLER)
    handler = ["--handler", f"answers:{name}", "--bundle", str(tmp_path), *more]
    return run(["-m", "cloudless.profile", *handler], tmp_path, **given)


def test_a_handler_is_measured_in_batches(tmp_path):
    done = profile("Doubler", tmp_path)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["latency_ms"] >= 2
    assert 0 < answer["throughput_per_second"] <= 4 / 0.002


def test_an_objective_per_token_is_measured_per_token(tmp_path):
    answer = json.loads(profile("Words", tmp_path, "--per", "token").stdout.splitlines()[-1])
    assert answer["latency_ms"] >= 0.2
    told = profile("Doubler", tmp_path, "--per", "token")
    assert told.returncode != 0
    assert "an objective per token needs output 'output_tokens'" in told.stderr


def test_a_batch_that_does_not_fit_is_said_to(tmp_path):
    done = profile("Doubler", tmp_path, batch=16)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"out_of_memory": True})


@pytest.mark.parametrize(("name", "told"), [("Silent", "must declare its inputs"), ("Open", "only its first size may be open")])
def test_a_handler_that_cannot_be_profiled_says_what_to_change(tmp_path, name, told):
    done = profile(name, tmp_path)
    assert done.returncode != 0
    assert told in done.stderr


def test_a_time_that_is_none_is_refused_by_name(tmp_path):
    done = profile("Doubler", tmp_path, seconds="soon")
    assert "CLOUDLESS_PROFILE_SECONDS is 'soon'" in done.stderr


def test_a_training_script_that_runs_alone_is_measured_and_ended(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "train.py").write_text(SCRIPT)
    done = run(["train.py"], tmp_path)
    assert done.returncode == 0
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["throughput_per_second"] > 0
    assert "bye" not in done.stdout


def test_training_whose_memory_does_not_fit_is_said_to(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "train.py").write_text(SCRIPT.replace("    session.step(", "    raise RuntimeError('CUDA out of memory')\n    ("))
    done = run(["train.py"], tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"out_of_memory": True})


def test_warm_up_is_not_counted_and_the_percentile_is_of_turns():
    now = [0.0]
    stopwatch = Stopwatch(10, clock=lambda: now[0])
    # Slow at first, as compilation is; then nine quick turns in ten.
    lengths = [5.0, 1.0, 1.0] + [1.0] * 9 + [2.0]
    assert stopwatch.turn() is False
    for length in lengths:
        now[0] += length
        is_enough = stopwatch.turn()
    assert is_enough
    assert json.loads(stopwatch.answer(50, per_turn=8)) == {"latency_ms": 1000.0, "throughput_per_second": pytest.approx(8 * 10 / 11)}
    assert json.loads(stopwatch.answer(99, per_turn=8))["latency_ms"] == 2000.0


def test_a_turn_of_several_parts_has_the_latency_of_one():
    now = [0.0]
    stopwatch = Stopwatch(10, clock=lambda: now[0])
    while not stopwatch.turn(4):
        now[0] += 2.0
    assert json.loads(stopwatch.answer(99, per_turn=3)) == {"latency_ms": 500.0, "throughput_per_second": pytest.approx(1.5)}


def test_only_memory_counts_as_out_of_memory():
    class OutOfMemoryError(Exception):
        pass

    assert is_out_of_memory(OutOfMemoryError())
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    assert not is_out_of_memory(RuntimeError("device-side assert triggered"))
    assert not is_out_of_memory(ValueError("out of memory"))
