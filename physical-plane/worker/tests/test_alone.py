"""The same script without Cloudless is an ordinary PyTorch loop."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

import cloudless
from cloudless import permutation


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.delenv("CLOUDLESS_PARAMETER_SERVER", raising=False)


def a_model() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 3))


def a_dataset() -> TensorDataset:
    generator = torch.Generator().manual_seed(1)
    return TensorDataset(torch.randn(50, 5, generator=generator), torch.randint(3, (50,), generator=generator))


def test_alone_equals_plain_pytorch_bit_for_bit():
    dataset = a_dataset()
    plain = a_model()
    optimizer = torch.optim.AdamW(plain.parameters(), lr=0.01)
    for epoch in range(2):
        order = torch.from_numpy(permutation(7, epoch, 50))
        for start in range(0, 50, 16):
            chosen = order[start : start + 16]
            optimizer.zero_grad()
            F.cross_entropy(plain(dataset.tensors[0][chosen]), dataset.tensors[1][chosen]).backward()
            optimizer.step()

    model = a_model()
    session = cloudless.join(model, torch.optim.AdamW(model.parameters(), lr=0.01), epochs=2, seed=7)
    for features, labels in session.batches(dataset, batch_size=16):
        session.step(F.cross_entropy(model(features), labels))

    assert session.is_alone
    for name, value in plain.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name


def test_evaluation_runs_at_each_epoch_end_in_evaluation_mode():
    model = a_model()
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1), epochs=3)
    modes = []

    def evaluate():
        modes.append((model.training, torch.is_grad_enabled()))
        return {"accuracy": 0.5}

    for features, labels in session.batches(a_dataset(), batch_size=25, evaluate=evaluate):
        assert model.training
        session.step(F.cross_entropy(model(features), labels))

    assert modes == [(False, False)] * 3
    assert session.evaluations == [{"accuracy": 0.5}] * 3


def test_a_loss_of_nan_is_refused_with_step_epoch_and_value():
    model = a_model()
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(cloudless.NonFiniteLoss, match=r"loss is nan at step 1 of this worker, epoch 0: nothing was pushed"):
        for _ in session.batches(a_dataset(), batch_size=10):
            session.step(torch.tensor(float("nan"), requires_grad=True))


def test_any_map_style_dataset_works_and_its_samples_are_collated():
    class Squares:
        def __len__(self):
            return 10

        def __getitem__(self, index):
            assert type(index) is int
            return torch.tensor([float(index)]), index * index

    model = torch.nn.Linear(1, 1)
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.0), seed=4)
    seen = []
    for inputs, squares in session.batches(Squares(), batch_size=4):
        assert inputs.shape == (len(squares), 1)
        seen += squares.tolist()
        session.step(model(inputs).sum())
    assert seen == (permutation(4, 0, 10) ** 2).tolist()


def test_a_dataset_that_takes_index_arrays_gets_them():
    class Rows:
        supports_index_arrays = True

        def __len__(self):
            return 8

        def __getitem__(self, indices):
            assert isinstance(indices, np.ndarray)
            return torch.from_numpy(indices)

    model = torch.nn.Linear(1, 1)
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.0))
    assert [len(batch) for batch in session.batches(Rows(), batch_size=3)] == [3, 3, 2]


def test_shards_and_holdout_alone_are_what_the_script_says():
    model = a_model()
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert session.shards() == []
    assert session.shards(alone=["a.npz"]) == [cloudless.Shard("a.npz", None)]
    assert session.holdout() is None
    assert session.holdout(alone="b.npz") == cloudless.Shard("b.npz", None)


def test_a_model_that_is_not_a_module_is_named():
    with pytest.raises(cloudless.Unsupported, match=r"model is a builtins.dict: a torch.nn.Module is expected"):
        cloudless.join({}, None)
