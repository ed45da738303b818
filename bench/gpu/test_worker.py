"""Real processes on the CPU: the protocol between the script and its programs."""

import sys

import pytest
from gpu_bench.cells import Bench, clean_environment, measure_alone
from gpu_bench.children import Child, ChildFailed, running
from gpu_bench.matrix import BEST_EFFORT, GUARDED, Program

pytest.importorskip("torch")


def bench(folder):
    return Bench(str(folder), "cpu", None, seeds=(1,), window_seconds=0.3, base_environment=clean_environment() | {"OMP_NUM_THREADS": "1"})


@pytest.mark.parametrize("kind", ["train", "serve", "fill"])
def test_a_program_does_its_windows_and_ends_with_its_input(tmp_path, kind):
    share = BEST_EFFORT if kind == "train" else GUARDED
    found = measure_alone(bench(tmp_path), Program(kind, "tiny", 1, share, bubble=0.2 if kind == "train" else 0))
    assert found["windows"][0]["per_s"] > 0
    assert found["seconds_each"] > 0


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path):
    with pytest.raises(ChildFailed, match="KeyError: 'no-such-model'"):
        measure_alone(bench(tmp_path), Program("train", "no-such-model", 1, BEST_EFFORT))


def test_a_program_that_says_nothing_is_given_up_and_killed(tmp_path):
    child = Child("mute", [sys.executable, "-c", "import time; time.sleep(600)"], clean_environment(), tmp_path)
    with running([child]), pytest.raises(ChildFailed, match=r"said nothing for 0\.2 s"):
        child.answer(0.2)
        child.close(grace_seconds=0.1)
    assert child.process.poll() is not None


def test_what_is_said_in_between_is_no_answer(tmp_path):
    heard = []
    speak = "print('{\"lately\": {\"requests\": 3}}'); print('noise'); print('{\"ready\": true}')"
    child = Child("speaker", [sys.executable, "-c", speak], clean_environment(), tmp_path, heard.append)
    with running([child]):
        assert child.answer(20) == {"ready": True}
    assert heard == [{"requests": 3}]
