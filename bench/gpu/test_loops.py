"""The loops on a clock that only sleeps and work move."""

import pytest
from gpu_bench.loops import calibrate, fill, serve, train


class Machine:
    """A device that runs what it is given in order; launching costs the host nothing."""

    def __init__(self, work_seconds):
        self.time = 0.0
        self.work_seconds = work_seconds
        self.done_at = 0.0
        self.outstanding_max = 0
        self.ends = []

    def now(self):
        self.time += 1e-6  # looking at the clock takes a little, or a waiting loop would never end
        return self.time

    def sleep(self, seconds):
        assert seconds >= 0
        self.time += seconds

    def run(self):
        self.done_at = max(self.done_at, self.time) + self.work_seconds
        self.ends.append(self.done_at)
        self.outstanding_max = max(self.outstanding_max, sum(end > self.time for end in self.ends[-50:]))

    def wait(self):
        self.time = max(self.time, self.done_at)

    def mark(self):
        return Mark(self, self.done_at)


class Mark:
    def __init__(self, machine, at):
        self.machine, self.at = machine, at

    def synchronize(self):
        self.machine.time = max(self.machine.time, self.at)


def test_latency_counts_from_the_arrival_so_a_slow_server_queues():
    quick, slow = Machine(0.001), Machine(0.080)
    fast = serve(quick, 60, 1, 10, 50, quick.now, quick.sleep, lambda latencies: None)
    late = serve(slow, 60, 1, 10, 50, slow.now, slow.sleep, lambda latencies: None)
    assert fast["requests"] == late["requests"]
    assert fast["p50_ms"] == pytest.approx(1, abs=0.1)
    assert fast["over_slo"] < 0.01
    assert late["p50_ms"] > 100
    assert late["over_slo"] == 1


def test_a_server_tells_every_latency_once():
    machine = Machine(0.002)
    told = []
    figures = serve(machine, 20, 3, 50, None, machine.now, machine.sleep, told.append)
    heard = sum(len(latencies) for latencies in told)
    assert figures["requests"] - 60 < heard <= figures["requests"]
    assert all(latencies for latencies in told)


def test_training_with_a_bubble_leaves_the_device_alone_for_its_part():
    machine = Machine(0.040)
    figures = train(machine, 30, 0.010, machine.now, machine.sleep)
    assert figures["per_s"] == pytest.approx(20, rel=0.01)
    machine = Machine(0.040)
    assert train(machine, 30, 0, machine.now, machine.sleep)["per_s"] == pytest.approx(25, rel=0.01)


def test_a_filler_keeps_two_batches_on_the_device_and_counts_those_that_ended():
    machine = Machine(0.010)
    figures = fill(machine, 10, machine.now)
    assert machine.outstanding_max == 2
    assert figures["per_s"] == pytest.approx(100, rel=0.01)
    assert figures["batches"] == len(machine.ends)


def test_calibration_ignores_the_first_runs():
    machine = Machine(0.5)
    run = machine.run

    def warm():
        run()
        machine.work_seconds = max(0.005, machine.work_seconds / 8)

    machine.run = warm
    assert calibrate(machine, machine.now) == pytest.approx(0.005, rel=0.01)
