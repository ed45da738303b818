"""The figures of a window, from what was seen in it: no clock, no device."""

import math
import random


def percentile(values, share):
    """Nearest rank: the smallest value that at least `share` of all do not exceed. None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values):
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def arrivals(seed, rate_per_s, seconds):
    """A Poisson process: when requests arrive, in seconds from the start of the window. The same seed gives the same times."""
    chance = random.Random(seed)
    times = []
    at = chance.expovariate(rate_per_s)
    while at < seconds:
        times.append(at)
        at += chance.expovariate(rate_per_s)
    return times


def latency_figures(latencies_ms, slo_ms):
    """What a window of requests comes to. `over_slo` counts what was late, also when it was answered after the window's end."""
    late = sum(1 for latency in latencies_ms if slo_ms is not None and latency > slo_ms)
    return {
        "requests": len(latencies_ms),
        "p50_ms": percentile(latencies_ms, 0.50),
        "p95_ms": percentile(latencies_ms, 0.95),
        "p99_ms": percentile(latencies_ms, 0.99),
        "over_slo": late / len(latencies_ms) if latencies_ms and slo_ms is not None else None,
    }


def slo_of(exclusive):
    """The objective that all settings are held to: twice the median of a server that is alone, but never less than 1.3 times its 99th
    percentile: a server that is alone meets its own objective."""
    return max(2 * exclusive["p50_ms"], 1.3 * exclusive["p99_ms"])


def kept(shared_per_s, exclusive_per_s):
    """Which part of the work of a process alone is left beside others; None where there is nothing to compare with."""
    return None if not exclusive_per_s or shared_per_s is None else shared_per_s / exclusive_per_s


def quota_error(done_per_s, exclusive_per_s, quota_milli):
    """How far from its quota a process was, relative to the quota: -0.1 is a tenth too little."""
    share = kept(done_per_s, exclusive_per_s)
    return None if share is None else share / (quota_milli / 1000) - 1
