import numpy as np

from cloudless import permutation


def test_the_order_is_the_same_on_every_machine_and_version():
    assert permutation(1, 0, 10).tolist() == [9, 2, 4, 7, 5, 0, 8, 6, 3, 1]


def test_every_sample_comes_once():
    assert sorted(permutation(9, 3, 1000)) == list(range(1000))


def test_epochs_and_seeds_differ():
    orders = [permutation(seed, epoch, 100).tolist() for seed in (1, 2) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_no_samples_and_large_seeds_are_fine():
    assert permutation(0, 0, 0).shape == (0,)
    assert permutation(2**64 - 1, 0, 5).dtype == np.int64
