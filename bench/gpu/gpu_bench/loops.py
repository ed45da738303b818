"""The loops of a window: training, serving requests, filling. The work, the clock and the sleep are handed in, so that the loops are the
same on a GPU, on the fake one and in tests."""

from .arithmetic import arrivals, latency_figures, median, percentile

LAUNCHED_AHEAD = 2  # batches that a filler has on the device at a time
LOSS_IS_READ_EVERY = 10  # steps: a training loop that logs its loss waits for the device then
TOLD_EVERY_SECONDS = 0.25  # what a server tells of its latencies
SPIN_SECONDS = 0.001  # the rest of a sleep is spent looking at the clock, so that arrivals are in time


def calibrate(work, now, times=12):
    """How long one piece of the work takes, waited for; the first few warm up caches, clocks and the interposer's estimates."""
    took = []
    for _ in range(times):
        start = now()
        work.run()
        work.wait()
        took.append(now() - start)
    return median(took[times // 3 :])


def train(work, seconds, bubble_seconds, now, sleep):
    """Steps for a window. With a bubble every step is waited for, and then the others, as in data-parallel training."""
    start = now()
    steps_ms = []
    while now() - start < seconds:
        began = now()
        work.run()
        if bubble_seconds > 0:
            work.wait()
            sleep(bubble_seconds)
        elif len(steps_ms) % LOSS_IS_READ_EVERY == LOSS_IS_READ_EVERY - 1:
            work.wait()
        steps_ms.append((now() - began) * 1000)
    work.wait()
    took = now() - start
    return {"steps": len(steps_ms), "seconds": took, "per_s": len(steps_ms) / took, "step_p95_ms": percentile(steps_ms, 0.95)}


def serve(work, seconds, seed, rate_per_s, slo_ms, now, sleep, tell):
    """Requests of a Poisson process, one after another. A request's latency counts from its arrival, so waiting in the queue is in it.
    `tell` is called now and then with the latencies since the last time, as a serving loop reports them."""
    start = now()
    latencies_ms = []
    told, told_at = 0, start
    for arrival in arrivals(seed, rate_per_s, seconds):
        early = start + arrival - now()
        if early > SPIN_SECONDS:
            sleep(early - SPIN_SECONDS)
        while now() < start + arrival:
            pass
        work.run()
        work.wait()
        latencies_ms.append((now() - start - arrival) * 1000)
        if now() - told_at >= TOLD_EVERY_SECONDS:
            tell(latencies_ms[told:])
            told, told_at = len(latencies_ms), now()
    took = now() - start
    return {**latency_figures(latencies_ms, slo_ms), "seconds": took, "per_s": len(latencies_ms) / took, "rate_per_s": rate_per_s}


def fill(work, seconds, now):
    """Batches without an end, a few launched ahead, as offline inference does."""
    start = now()
    marks = []
    batches = 0
    while now() - start < seconds:
        work.run()
        marks.append(work.mark())
        if len(marks) >= LAUNCHED_AHEAD:
            await_mark(work, marks.pop(0))
            batches += 1
    work.wait()
    batches += len(marks)
    took = now() - start
    return {"batches": batches, "seconds": took, "per_s": batches / took}


def await_mark(work, mark):
    if mark is None:
        work.wait()
    else:
        mark.synchronize()
