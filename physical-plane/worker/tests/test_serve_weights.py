"""One copy of the weights for all instances of a function: in processes as an agent starts them, their memory measured."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from cloudless.serve.errors import HandlerFault  # noqa: E402
from cloudless.serve.weights import shared_model, sweep_unused  # noqa: E402
from serving_process import SDK, Serving  # noqa: E402

MIB = 64
MODEL = f'''
import torch
from cloudless.serve.weights import shared_model

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.large = torch.nn.Linear(4096, {MIB * 2**20 // 4 // 4096})
        self.small = torch.nn.Linear(3, 1)

class Shared:
    def load(self):
        self.filled = False
        self.model = shared_model(Net, self.fill)
    def fill(self, model):
        self.filled = True
        torch.manual_seed(7)
        for parameter in model.parameters(): torch.nn.init.normal_(parameter)
    def predict(self, batch):
        if batch["x"][0, 0] == 13:
            self.model.small.bias.data.fill_(1000.0)
        self.model.large.weight.sum()
        y = self.model.small(torch.from_numpy(batch["x"]))
        return {{"y": y, "filled": torch.full((len(y),), int(self.filled))}}
'''


def serving(folder: Path, shared: Path | None, key: str = "v1", **settings) -> Serving:
    folder.mkdir(exist_ok=True)
    environment = {"OMP_NUM_THREADS": "1"}
    if shared is not None:
        environment |= {"CLOUDLESS_SHARED": str(shared), "CLOUDLESS_SHARED_KEY": key}
    return Serving(folder, "Shared", model=MODEL, settings=settings, **environment)


def answer(instance: Serving, *row: float) -> tuple[float, int]:
    y, filled = instance.infer(list(row))[1]["outputs"]
    return y["data"][0], filled["data"][0]


def pss_mib(instance: Serving) -> float:
    lines = Path(f"/proc/{instance.process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


@pytest.fixture
def shared(tmp_path):
    return (Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else tmp_path) / f"cloudless-test-{os.getpid()}"


@pytest.fixture(autouse=True)
def cleared(shared):
    yield
    for path in shared.glob("*"):
        path.unlink()
    if shared.exists():
        shared.rmdir()


def test_later_instances_take_the_first_ones_weights_and_hold_less(tmp_path, shared):
    with serving(tmp_path / "a", shared) as first, serving(tmp_path / "b", shared) as second:
        (y1, filled1), (y2, filled2) = answer(first, 1, 2, 3), answer(second, 1, 2, 3)
        assert (y1, filled1, filled2) == (y2, 1, 0)
        together = pss_mib(first) + pss_mib(second)
        # Written into: nobody else sees it.
        assert answer(second, 13, 0, 0)[0] > 900
        assert answer(first, 1, 2, 3)[0] == y1
    with serving(tmp_path / "c", None) as third, serving(tmp_path / "d", None) as fourth:
        assert answer(third, 1, 2, 3) == (y1, 1)
        answer(fourth, 1, 2, 3)
        apart = pss_mib(third) + pss_mib(fourth)
    print(f"two instances with {MIB} MiB of weights: {together:.0f} MiB with sharing, {apart:.0f} MiB without")
    assert together < apart - 0.8 * MIB


def test_what_is_killed_while_it_makes_them_leaves_nothing_behind(tmp_path, shared):
    script = (
        "import os, torch\n"
        "from cloudless.serve.weights import shared_model\n"
        "def fill(model):\n"
        "    print('filling', flush=True)\n"
        "    import time; time.sleep(60)\n"
        "shared_model(lambda: torch.nn.Linear(2, 2), fill)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(SDK), "CLOUDLESS_SHARED": str(shared), "CLOUDLESS_SHARED_KEY": "v1"}
    victim = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    assert victim.stdout.readline() == "filling\n"
    victim.kill()
    victim.communicate()
    assert list(shared.glob("*.weights*")) == []
    with serving(tmp_path / "a", shared) as instance:
        assert answer(instance, 1, 2, 3)[1] == 1


def test_weights_of_an_older_version_go_once_nobody_uses_them(tmp_path, shared):
    with serving(tmp_path / "a", shared, "v1") as old:
        (before,) = shared.glob("*.weights")
        with serving(tmp_path / "b", shared, "v2"):
            assert before.exists()
            assert len(list(shared.glob("*.weights"))) == 2
        old_answer = answer(old, 1, 2, 3)
        sweep_unused(shared)
        assert list(shared.glob("*.weights")) == [before]
        assert answer(old, 1, 2, 3) == old_answer
    sweep_unused(shared)
    assert list(shared.glob("*.weights")) == []


def test_shared_weights_are_not_what_an_instance_may_hold_of_its_own(tmp_path, shared):
    with serving(tmp_path / "a", shared), serving(tmp_path / "b", shared, memoryBytes=(MIB // 2 + 400) * 2**20) as second:
        for _ in range(3):
            assert answer(second, 1, 2, 3)[1] == 0


class Tied(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = torch.nn.Linear(3, 3, bias=False, dtype=torch.bfloat16)
        self.b = torch.nn.Linear(3, 3, bias=False)
        self.b.weight = self.a.weight
        self.norm = torch.nn.BatchNorm1d(3)
        self.register_buffer("mask", torch.zeros(2, dtype=torch.bool), persistent=False)
        self.register_buffer("none", torch.zeros(0))
        self.plain = torch.ones(1)


def fill(model) -> None:
    model.a.weight.data.fill_(0.5)
    model.mask.fill_(True)
    model.norm.running_mean.fill_(3.0)


@pytest.fixture
def here(shared, monkeypatch):
    monkeypatch.setenv("CLOUDLESS_SHARED", str(shared))
    monkeypatch.setenv("CLOUDLESS_SHARED_KEY", "here")


def test_ties_buffers_and_plain_tensors_are_as_they_were(here):
    first, second = shared_model(Tied, fill), shared_model(Tied, lambda _: pytest.fail("is filled already"))
    for model in (first, second):
        assert model.b.weight is model.a.weight
        assert model.a.weight.dtype == torch.bfloat16
        assert (model.a.weight == 0.5).all() and model.mask.all() and (model.norm.running_mean == 3.0).all()
        assert not model.training and not model.a.weight.requires_grad
        # What is neither parameter nor buffer is made by each for itself.
        assert model.plain.item() == 1
        assert not any(tensor.is_meta for tensor in model.state_dict().values())
    assert first.a.weight.data_ptr() != second.a.weight.data_ptr()


def test_another_model_under_the_same_key_is_refused(here):
    shared_model(lambda: torch.nn.Linear(2, 2), lambda _: None, key="k")
    with pytest.raises(HandlerFault, match="weight has shape .3, 2., stored is .2, 2.; give each model its own key"):
        shared_model(lambda: torch.nn.Linear(2, 3), lambda _: None, key="k")
    with pytest.raises(HandlerFault, match="bias differ"):
        shared_model(lambda: torch.nn.Linear(2, 2, bias=False), lambda _: None, key="k")
    assert shared_model(lambda: torch.nn.Linear(2, 3), lambda _: None, key="other").weight.shape == (3, 2)


def test_a_file_that_is_not_whole_is_made_anew(here, shared):
    shared_model(lambda: torch.nn.Linear(2, 2), lambda model: model.weight.data.fill_(1))
    (path,) = shared.glob("*.weights")
    for broken in (b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0", path.read_bytes()[:-20]):
        path.unlink()
        path.write_bytes(broken)
        found = shared_model(lambda: torch.nn.Linear(2, 2), lambda model: model.weight.data.fill_(2))
        assert (found.weight == 2).all()


def test_only_one_of_many_that_begin_at_once_fills(here):
    filled = []
    threads = [
        threading.Thread(target=lambda: shared_model(lambda: torch.nn.Linear(64, 64), lambda _: filled.append(1)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert filled == [1]


def test_a_device_that_is_none_is_refused(here):
    with pytest.raises(HandlerFault, match="give cpu or cuda"):
        shared_model(lambda: torch.nn.Linear(2, 2), lambda _: None, device="cuda:1")


def test_where_nobody_says_where_to_nothing_is_shared(monkeypatch):
    monkeypatch.delenv("CLOUDLESS_SHARED", raising=False)
    assert not shared_model(lambda: torch.nn.Linear(2, 2), lambda _: None).training
