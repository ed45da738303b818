"""The bars, and whether what was measured clears them. A bar that could not be measured is neither held nor missed, and says why."""

from dataclasses import dataclass

from .arithmetic import kept, median

P99_OF_EXCLUSIVE_MAX = 1.3
OVER_SLO_OF_OTHERS_MAX = 1 / 3
TRAINING_OF_MPS_MIN = 0.85
FILL_LOSS_MAX = 0.03
GRAPH_QUOTA_ERROR_MAX = 0.10


@dataclass(frozen=True)
class Bar:
    name: str
    value: float | None
    bound: str
    holds: bool | None
    because: str = ""


def evaluate(steps):
    """The bars over the results of all steps: `steps` maps a step's name to what it wrote."""
    rows = pair_rows(steps)
    return [
        *online_bars(rows),
        *filling_bars(rows),
        *graph_bars(steps.get("quota")),
        *memory_bars(steps.get("memory")),
        *count_bars(steps.get("verify")),
    ]


def pair_rows(steps):
    """One row per (pair, setting) with medians over the seeds, and beside them what the two programs did alone."""
    alone = {entry["name"]: entry for entry in (steps.get("exclusive") or {}).get("programs", [])}
    rows = []
    for cell in (steps.get("pairs") or {}).get("cells", []):
        if "windows" not in cell:
            continue
        primary, other = alone[cell["primary"]], alone[cell["other"]]
        training_per_s = median([window["primary"]["per_s"] for window in cell["windows"]])
        row = {
            "pair": cell["pair"],
            "setting": cell["setting"],
            "training_kept": kept(training_per_s, primary["per_s"]),
        }
        if other["kind"] == "serve":
            row["slo_ms"] = other["slo_ms"]
            row["p99_exclusive_ms"] = other["p99_ms"]
            for figure in ("p50_ms", "p95_ms", "p99_ms", "over_slo"):
                row[figure] = median([window["other"][figure] for window in cell["windows"]])
        else:
            fill_per_s = median([window["other"]["per_s"] for window in cell["windows"]])
            row["fill_kept"] = kept(fill_per_s, other["per_s"])
        rows.append(row)
    return rows


def online_bars(rows):
    bars = []
    for row in rows:
        if not row["setting"].startswith("ours") or "p99_ms" not in row:
            continue
        name = f"{row['pair']}, {row['setting']}"
        ratio = kept(row["p99_ms"], row["p99_exclusive_ms"])
        bars.append(at_most(f"p99 against exclusive: {name}", ratio, P99_OF_EXCLUSIVE_MAX))
        for rival in ("mps", "time slicing"):
            theirs = other_setting(rows, row["pair"], rival)
            title = f"over SLO against {rival}: {name}"
            if theirs is None:
                bars.append(Bar(title, None, "<= 1/3 of theirs", None, f"{rival} was not measured"))
            else:
                bound = theirs["over_slo"] * OVER_SLO_OF_OTHERS_MAX
                bars.append(at_most(title, row["over_slo"], bound))
        theirs = other_setting(rows, row["pair"], "mps")
        title = f"training against mps: {name}"
        if theirs is None:
            bars.append(Bar(title, None, f">= {TRAINING_OF_MPS_MIN}", None, "mps was not measured"))
        else:
            bars.append(at_least(title, kept(row["training_kept"], theirs["training_kept"]), TRAINING_OF_MPS_MIN))
    return bars


def filling_bars(rows):
    return [
        at_most(f"training lost to filling: {row['pair']}, {row['setting']}", 1 - row["training_kept"], FILL_LOSS_MAX)
        for row in rows
        if row["setting"].startswith("ours") and "fill_kept" in row
    ]


def graph_bars(quota):
    if not quota or "quotas" not in quota:
        because = (quota or {}).get("skipped", "the step has not run")
        return [Bar("graphs within their quota", None, f"<= {GRAPH_QUOTA_ERROR_MAX}", None, because)]
    return [
        at_most(f"graphs at a quota of {entry['quota_milli']} milli", abs(entry["error"]), GRAPH_QUOTA_ERROR_MAX)
        for entry in quota["quotas"]
    ]


def memory_bars(memory):
    if not memory or "cases" not in memory:
        because = (memory or {}).get("skipped", "the step has not run")
        return [Bar("memory limits", None, "hold", None, because)]
    return [
        Bar(f"memory limit: {case['name']}", None, "holds", case["holds"], case.get("because", ""))
        for case in memory["cases"]
    ]


def count_bars(verify):
    if not verify or "cases" not in verify:
        because = (verify or {}).get("skipped", "the step has not run")
        return [Bar("launches counted", None, "all", None, because)]
    return [
        Bar(f"launches counted: {case['name']}", case.get("counted"), f"{case.get('expected')}", case["holds"], case.get("because", ""))
        for case in verify["cases"]
    ]


def other_setting(rows, pair, setting):
    return next((row for row in rows if row["pair"] == pair and row["setting"] == setting), None)


def at_most(name, value, bound):
    return Bar(name, value, f"<= {bound:.4g}", None if value is None else value <= bound)


def at_least(name, value, bound):
    return Bar(name, value, f">= {bound:.4g}", None if value is None else value >= bound)
