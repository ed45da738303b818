"""What an instance tells of itself, from a clock that the test turns."""

from cloudless.serve.config import WINDOW_SECONDS
from cloudless.serve.window import BatchTimes, Window


def test_a_percentile_is_the_least_latency_that_so_many_do_not_pass():
    window = Window()
    for n in range(1, 101):
        window.add(1.0, n / 1000)
    assert window.percentile(1.0, 99) == 0.099
    assert window.percentile(1.0, 50) == 0.050
    assert window.percentile(1.0, 99.9) == 0.100


def test_what_is_older_than_the_window_counts_no_more():
    window = Window()
    window.add(0.0, 5.0)
    window.add(WINDOW_SECONDS - 1, 1.0)
    assert window.percentile(WINDOW_SECONDS - 1, 99) == 5.0
    assert window.percentile(WINDOW_SECONDS + 1, 99) == 1.0
    assert window.percentile(3 * WINDOW_SECONDS, 99) == 0.0
    assert window.rate(3 * WINDOW_SECONDS) == 0.0


def test_the_rate_is_of_the_window_or_of_the_time_since_the_first_request():
    window = Window()
    for n in range(40):
        window.add(n / 10, 0.01)
    assert window.rate(4.0) == 10.0
    assert window.rate(WINDOW_SECONDS) == 4.0 - 0.1


def test_capacity_is_that_of_the_best_size_seen():
    times = BatchTimes()
    assert times.capacity() == 0.0
    times.add(1, 0.01)
    times.add(8, 0.02)
    assert times.capacity() == 400.0
    assert times.expected(1) == 0.01
    assert times.expected(4) == 0.02
    assert times.expected(99) == 0.02
