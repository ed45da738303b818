from gpu_bench.bars import evaluate, pair_rows
from gpu_bench.table import report

SERVER = {"name": "serve s", "kind": "serve", "per_s": 20, "p50_ms": 5, "p99_ms": 10, "slo_ms": 13}
TRAINING = {"name": "train t", "kind": "train", "per_s": 10}
FILLER = {"name": "fill f", "kind": "fill", "per_s": 50}


def online(setting, training_per_s, p99_ms, over_slo):
    other = {"per_s": 20, "p50_ms": 6, "p95_ms": 8, "p99_ms": p99_ms, "over_slo": over_slo}
    windows = [{"seed": 1, "primary": {"per_s": training_per_s}, "other": other}]
    return {"pair": "t + s", "primary": "train t", "other": "serve s", "setting": setting, "windows": windows}


def steps_of(*cells, **others):
    return {"exclusive": {"programs": [SERVER, TRAINING, FILLER]}, "pairs": {"cells": list(cells)}, **others}


def held(steps):
    return {bar.name: bar.holds for bar in evaluate(steps)}


def test_bars_are_held_against_exclusive_mps_and_time_slicing():
    steps = steps_of(online("ours", 8, 12.9, 0.01), online("mps", 9, 30, 0.30), online("time slicing", 5, 60, 0.60))
    assert held(steps) | {
        "p99 against exclusive: t + s, ours": True,
        "over SLO against mps: t + s, ours": True,
        "over SLO against time slicing: t + s, ours": True,
        "training against mps: t + s, ours": True,
    } == held(steps)


def test_each_bar_is_missed_by_its_own_figure():
    rivals = (online("mps", 9, 30, 0.30), online("time slicing", 5, 60, 0.03))
    bars = held(steps_of(online("ours", 7.6, 13.1, 0.02), *rivals))
    assert bars["p99 against exclusive: t + s, ours"] is False  # 1.31
    assert bars["over SLO against mps: t + s, ours"] is True
    assert bars["over SLO against time slicing: t + s, ours"] is False  # 0.02 > 0.01
    assert bars["training against mps: t + s, ours"] is False  # 0.76 of 0.9


def test_what_was_not_measured_is_neither_held_nor_missed():
    bars = held(steps_of(online("ours", 8, 12, 0.01)))
    assert bars["over SLO against mps: t + s, ours"] is None
    assert bars["training against mps: t + s, ours"] is None
    assert bars["graphs within their quota"] is None
    assert held({})["memory limits"] is None


def test_medians_are_over_the_seeds():
    cell = online("ours", 8, 12, 0.0)
    cell["windows"] += [online("ours", 6, 50, 0.9)["windows"][0], online("ours", 9, 11, 0.0)["windows"][0]]
    (row,) = pair_rows(steps_of(cell))
    assert (row["training_kept"], row["p99_ms"], row["over_slo"]) == (0.8, 12, 0.0)


def test_filling_is_judged_by_what_training_lost():
    cell = {"pair": "t + f", "primary": "train t", "other": "fill f", "setting": "ours + mps"}
    windows = [{"seed": 1, "primary": {"per_s": 9.8}, "other": {"per_s": 9}}]
    bars = held(steps_of({**cell, "windows": windows}))
    assert bars["training lost to filling: t + f, ours + mps"] is True
    windows = [{"seed": 1, "primary": {"per_s": 9.6}, "other": {"per_s": 9}}]
    assert held(steps_of({**cell, "windows": windows}))["training lost to filling: t + f, ours + mps"] is False


def test_a_failed_cell_is_no_row_and_breaks_no_report():
    steps = steps_of({"pair": "t + s", "setting": "mps", "failed": "ended with 1"}, online("ours", 8, 12, 0.01))
    assert len(pair_rows(steps)) == 1
    assert "mps was not measured" in report(steps)


def test_graphs_memory_and_counts_have_their_bars():
    steps = steps_of(
        quota={"quotas": [{"quota_milli": 500, "error": -0.08}, {"quota_milli": 250, "error": 0.12}]},
        memory={"cases": [{"name": "cudaMalloc", "holds": True}]},
        verify={"cases": [{"name": "eager, kernels", "expected": 600, "counted": 599, "holds": False}]},
    )
    bars = held(steps)
    assert bars["graphs at a quota of 500 milli"] is True
    assert bars["graphs at a quota of 250 milli"] is False
    assert bars["memory limit: cudaMalloc"] is True
    assert bars["launches counted: eager, kernels"] is False
    assert "**no**" in report(steps)
