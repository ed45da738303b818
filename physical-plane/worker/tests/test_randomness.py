"""What a training function draws depends on the place in the data alone."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

import cloudless
import cloudless.torch
from cloudless.randomness import batch_seed


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.delenv("CLOUDLESS_PARAMETER_SERVER", raising=False)


class Noisy(torch.utils.data.Dataset):
    """Augments with all three generators when a sample is read."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.rand(), float(torch.rand(()))], dtype=torch.float64)


def draws(epochs=1, seed=5, disturb=lambda: None, **options):
    """The sample numbers, augmentations and dropout masks of a run, batch by batch."""
    model = torch.nn.Linear(3, 1)
    session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1), epochs=epochs, seed=seed)
    seen = []
    for batch in session.batches(Noisy(), batch_size=8, **options):
        seen.append(torch.cat([batch.flatten(), torch.nn.functional.dropout(torch.ones(16, dtype=torch.float64))]))
        disturb()
        session.step(model(batch[:, 1:].float()).sum())
    return torch.stack(seen)


def test_two_runs_draw_the_same_whatever_happened_between_their_batches():
    first = draws(epochs=2)
    torch.manual_seed(99)

    def disturb():
        random.random(), np.random.rand(3), torch.rand(5)

    assert torch.equal(first, draws(epochs=2, disturb=disturb))


def test_a_run_that_begins_in_the_middle_draws_what_the_whole_one_drew_there():
    whole = draws()
    adapter_of = cloudless.torch.TorchAdapter
    model = torch.nn.Linear(3, 1)
    adapter = adapter_of(model, torch.optim.SGD(model.parameters(), lr=0.1))
    order = cloudless.permutation(5, 0, 40)
    adapter.reseed(batch_seed(5, "", 0, 24))
    batch = adapter.fetch(Noisy(), order[24:32], None)
    mask = torch.nn.functional.dropout(torch.ones(16, dtype=torch.float64))
    assert torch.equal(whole[3], torch.cat([batch.flatten(), mask]))


def test_seeds_regions_epochs_and_positions_draw_differently():
    places = [(s, r, e, p) for s in (0, 1, 2**64 - 1) for r in ("", "a", "aws/us-east-1") for e in (0, 1) for p in (0, 8)]
    assert len({batch_seed(*place) for place in places}) == len(places)
    assert not torch.equal(draws(seed=5)[:, 1:], draws(seed=6)[:, 1:])


def test_the_seed_of_a_place_is_the_same_on_every_machine_and_version():
    assert batch_seed(1, "aws/us-east-1", 2, 64) == 3532657506547643028


def test_without_reseeding_the_generators_go_on_as_they_were():
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    first = draws(reseed=False)
    assert not torch.equal(first, draws(reseed=False))


def test_a_function_gets_the_seed_of_each_batch_instead():
    seeds = []
    torch.manual_seed(1)
    draws(reseed=seeds.append)
    assert seeds == [batch_seed(5, "", 0, position) for position in range(0, 40, 8)]


def test_alone_and_in_a_tensor_dataset_dropout_repeats():
    def train():
        torch.manual_seed(3)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
        session = cloudless.join(model, torch.optim.SGD(model.parameters(), lr=0.1), epochs=2, seed=1)
        for (features,) in session.batches(TensorDataset(torch.ones(32, 4)), batch_size=8):
            session.step(model(features).sum())
        return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])

    assert torch.equal(train(), train())
