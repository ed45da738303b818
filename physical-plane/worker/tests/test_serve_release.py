"""When batches are released, on a virtual clock: nobody is made late by waiting, and waiting pays."""

import math
import random
from dataclasses import replace

import pytest

from cloudless.serve.batch_time import BatchTime, Line
from cloudless.serve.release import Waits, wait_for_more

PLAIN = Waits(
    requests=1, most=8, oldest_waited=0.0, gap=0.001, since_last=0.0, line=Line(0.01, 0.0005), slo=0.1, deadline=30.0
)


def simulate(rate: float, line: Line, slo: float, policy, count: int = 4_000, seed: int = 1, most: int = 8) -> list[float]:
    """Latencies of requests that come by chance to one model; `policy` says how long to wait for more."""
    chance = random.Random(seed)
    arrivals = [0.0]
    while len(arrivals) < count:
        arrivals.append(arrivals[-1] + chance.expovariate(rate))
    latencies: list[float] = []
    learned = BatchTime()
    now, head, gap = 0.0, 0, math.inf
    seen = 0
    while head < count:
        now = max(now, arrivals[head])
        while True:
            # What the gap is known to be by now, as the batcher reckons it.
            while seen < count and arrivals[seen] <= now:
                if seen > 0:
                    new = arrivals[seen] - arrivals[seen - 1]
                    gap = new if math.isinf(gap) else gap + 0.2 * (new - gap)
                seen += 1
            waiting = min(most, seen - head)
            oldest = now - arrivals[head]
            waits = Waits(waiting, most, oldest, gap, now - arrivals[seen - 1], learned.line(), slo, 30.0)
            seconds = policy(waits)
            # Less than that may be lost in rounding.
            if seconds <= 1e-9:
                break
            now = min(now + seconds, arrivals[seen] if seen < count else math.inf)
        took = line.seconds(waiting) * chance.uniform(0.95, 1.05)
        learned.add(waiting, took)
        now += took
        latencies += [now - came for came in arrivals[head : head + waiting]]
        head += waiting
    return latencies


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def at_once(_: Waits) -> float:
    return 0.0


MODELS = {"gpu": Line(0.008, 0.0002), "even": Line(0.002, 0.002), "cpu": Line(0.0001, 0.004)}


@pytest.mark.parametrize("name", ["even", "cpu"])
@pytest.mark.parametrize("load", [0.1, 0.4, 0.7, 0.9])
def test_who_gains_nothing_by_being_together_is_not_kept(name, load):
    line = MODELS[name]
    rate = load * 8 / line.seconds(8)
    chosen, never = (mean(simulate(rate, line, 0.2, policy)) for policy in (wait_for_more, at_once))
    assert chosen <= 1.01 * never


@pytest.mark.parametrize(("load", "saved"), [(0.1, 0.0), (0.4, 0.2), (0.6, 0.2), (0.9, 0.05)])
def test_a_model_with_a_large_fixed_part_is_asked_less_often_for_little_waiting(load, saved):
    line = MODELS["gpu"]
    rate = load * 8 / line.seconds(8)
    batches = {wait_for_more: 0, at_once: 0}

    def counted(policy):
        def decide(waits: Waits) -> float:
            seconds = policy(waits)
            batches[policy] += seconds <= 1e-9
            return seconds

        return decide

    chosen, never = (mean(simulate(rate, line, 0.2, counted(policy))) for policy in (wait_for_more, at_once))
    assert chosen <= 1.15 * never
    assert batches[wait_for_more] <= (1 - saved) * batches[at_once]


@pytest.mark.parametrize("seed", range(20))
def test_nobody_is_late_for_having_waited(seed):
    chance = random.Random(seed)
    line = Line(chance.uniform(0.0, 0.02), chance.uniform(0.0, 0.005))
    slo = chance.uniform(1.5, 6) * line.seconds(8)

    def checked(waits: Waits) -> float:
        seconds = wait_for_more(waits)
        assert seconds >= 0
        if seconds > 0 and waits.line is not None:
            # Also when one more comes at the very end of the wait.
            assert waits.oldest_waited + seconds + waits.line.seconds(waits.requests + 1) <= slo
            assert waits.requests < waits.most
        return seconds

    rate = chance.uniform(0.1, 0.6) * 8 / line.seconds(8)
    late = sum(latency > slo for latency in simulate(rate, line, slo, checked, 1_500, seed))
    assert late <= 1.0 * sum(latency > slo for latency in simulate(rate, line, slo, at_once, 1_500, seed)) + 15


@pytest.mark.parametrize(
    "change",
    [
        {"gap": math.inf},
        {"slo": None},
        {"line": None},
        {"requests": 8},
        {"deadline": 0.01},
        {"oldest_waited": 0.09},
        {"since_last": 0.002},
        {"line": Line(0.0, 0.004)},
        {"gap": 0.02},
    ],
)
def test_a_batch_is_released_at_once(change):
    assert wait_for_more(PLAIN) == 0.002
    assert wait_for_more(replace(PLAIN, **change)) == 0.0


def test_the_time_of_a_batch_is_learned_as_a_line():
    chance = random.Random(3)
    learned = BatchTime()
    assert learned.line() is None
    for _ in range(200):
        n = chance.randint(1, 8)
        learned.add(n, (0.01 + 0.002 * n) * chance.uniform(0.9, 1.1))
    line = learned.line()
    assert line.fixed == pytest.approx(0.01, rel=0.15)
    assert line.per_request == pytest.approx(0.002, rel=0.15)


def test_one_batch_that_took_long_hardly_changes_it_and_many_do():
    learned = BatchTime()
    for n in list(range(1, 9)) * 20:
        learned.add(n, 0.01 + 0.002 * n)
    learned.add(4, 3.0)
    assert learned.line().seconds(4) == pytest.approx(0.018, rel=0.05)
    for n in list(range(1, 9)) * 40:
        learned.add(n, 0.03 + 0.002 * n)
    assert learned.line().seconds(4) == pytest.approx(0.038, rel=0.1)


def test_batches_of_one_size_have_no_fixed_part_and_more_never_takes_less():
    learned = BatchTime()
    for _ in range(5):
        learned.add(2, 0.02)
    assert learned.line() == Line(0.0, pytest.approx(0.01))
    odd = BatchTime()
    for _ in range(20):
        odd.add(1, 0.02)
        odd.add(8, 0.01)
    assert odd.line().per_request >= 0.0
    assert odd.line().fixed >= 0.0
