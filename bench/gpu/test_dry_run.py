"""The whole script, from the first step to the report, with real processes on the fake GPU: interposer, manager, programs. What it measures
there says nothing and is not looked at; that it measures, goes on where it stopped, counts and limits is."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gpu_bench.fake_gpu import DRIVER
from gpu_bench.machine import find_node
from gpu_bench.sharing import SOURCES

RUN = Path(__file__).resolve().parent / "run.py"
CALL_AGAIN = 75

missing = [
    what
    for what, is_there in {
        "a C compiler (cc)": shutil.which("cc") is not None,
        "Node 26": find_node() is not None,
        "the fake GPU's sources": any(DRIVER.glob("*.c")),
        "the interposer's sources": any(SOURCES.glob("*.c")),
    }.items()
    if not is_there
]


def run(results, *arguments):
    command = [sys.executable, str(RUN), "--fake", "--quick", "--pairs", "1", "--window-seconds", "0.5", "--results", str(results)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=110)


@pytest.mark.skipif(bool(missing), reason=f"the dry run needs {', '.join(missing)}")
def test_the_script_runs_from_the_first_step_to_the_report_and_goes_on_where_it_stopped(tmp_path):
    first = run(tmp_path, "--budget-seconds", "1.5")
    assert first.returncode == CALL_AGAIN, first.stdout + first.stderr
    assert "call again" in first.stdout

    second = run(tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "probe: done before" in second.stdout

    steps = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert [case for case in steps["verify"]["cases"] if case["holds"] is not True] == []
    assert [case for case in steps["memory"]["cases"] if case["holds"] is not True] == []
    assert len(steps["exclusive"]["programs"]) == 2
    cells = {cell["setting"]: cell for cell in steps["pairs"]["cells"]}
    assert set(cells) == {"ours", "ours + mps", "mps", "mps 50/50", "time slicing"}
    assert [cell for cell in cells.values() if "failed" in cell] == []
    # The manager knew both programs and saw them use the device.
    for setting in ("ours", "ours + mps"):
        assert [use["usedSeconds"] > 0 for use in cells[setting]["uses"]] == [True, True]
    assert len(steps["quota"]["quotas"]) == 3
    text = (tmp_path / "report.md").read_text()
    assert "A FAKE GPU" in text
    assert text.count("| train resnet152 + serve bert-large |") == 5


def test_the_plan_needs_no_gpu_and_names_every_cell():
    done = subprocess.run([sys.executable, str(RUN), "--plan"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.count(", ours + mps") == 6
    assert "minutes in all" in done.stdout


def test_without_a_gpu_the_first_step_says_so(tmp_path):
    if shutil.which("nvidia-smi") is not None:
        pytest.skip("there is an nvidia-smi here")
    done = subprocess.run([sys.executable, str(RUN), "--results", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "no GPU" in done.stdout
