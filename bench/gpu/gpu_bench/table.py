"""The report for people: what machine, what was measured, which bars hold."""

from .bars import evaluate, pair_rows


def report(steps):
    probe = steps.get("probe") or {}
    lines = [
        "# GPU sharing, measured",
        "",
        *machine_lines(probe),
        "",
        "Medians over the seeds. `kept` is against the same program alone; the objective (SLO) is the larger of twice the median and 1.3 times",
        "the 99th percentile of the server alone at the same load.",
        "",
        "| pair | setting | training kept | p50 ms | p95 ms | p99 ms | p99 alone | SLO ms | over SLO | fill kept |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in pair_rows(steps):
        lines.append(
            f"| {row['pair']} | {row['setting']} | {percent(row['training_kept'])} | {number(row.get('p50_ms'))} | {number(row.get('p95_ms'))} "
            f"| {number(row.get('p99_ms'))} | {number(row.get('p99_exclusive_ms'))} | {number(row.get('slo_ms'))} | {percent(row.get('over_slo'))} "
            f"| {percent(row.get('fill_kept'))} |"
        )
    lines += ["", "| bar | measured | bound | holds |", "| --- | --- | --- | --- |"]
    for bar in evaluate(steps):
        holds = {True: "yes", False: "**no**", None: f"not measured: {bar.because}"}[bar.holds]
        if bar.holds is False and bar.because:
            holds += f" ({bar.because})"
        lines.append(f"| {bar.name} | {number(bar.value)} | {bar.bound} | {holds} |")
    for name, step in steps.items():
        if step and "skipped" in step:
            lines.append(f"\nNot run: {name}: {step['skipped']}")
    return "\n".join(lines) + "\n"


def machine_lines(probe):
    if not probe:
        return ["The machine was not probed."]
    mps = "runs" if probe.get("mps", {}).get("runs") else f"does not run: {probe.get('mps', {}).get('because', 'not tried')}"
    return [
        f"{'A FAKE GPU, test equipment: these figures say nothing about real ones. ' if probe.get('is_fake') else ''}"
        f"{probe.get('gpu')}, driver {probe.get('driver')}, CUDA {probe.get('cuda')}, torch {probe.get('torch')}, {probe.get('date')}. "
        f"MPS {mps}."
    ]


def number(value):
    return "" if value is None else f"{value:.4g}"


def percent(value):
    return "" if value is None else f"{100 * value:.1f} %"
