// When a curve of noisy measurements reached a level: the first point at which the mean of `neighbours` successive ones
// did, between two of them by a straight line. A mean belongs to the middle of its measurements.
export type Measurement = { readonly seconds: number; readonly value: number }

/** Null when it never did. */
export function timeToTarget(curve: readonly Measurement[], target: number, neighbours: number): number | null {
  const smooth = smoothed(curve, neighbours)
  const at = smooth.findIndex(({ value }) => value >= target)
  if (at === -1) return null
  const reached = smooth[at]!
  const before = smooth[at - 1]
  if (before === undefined) return reached.seconds
  const part = (target - before.value) / (reached.value - before.value)
  return before.seconds + part * (reached.seconds - before.seconds)
}

/** What had been counted by then, between two readings by a straight line. */
export function valueAt(curve: readonly Measurement[], seconds: number): number {
  const after = curve.findIndex((point) => point.seconds >= seconds)
  if (after === -1) return curve.at(-1)?.value ?? 0
  const next = curve[after]!
  const before = curve[after - 1] ?? { seconds: 0, value: 0 }
  if (next.seconds <= before.seconds) return next.value
  return before.value + ((seconds - before.seconds) / (next.seconds - before.seconds)) * (next.value - before.value)
}

function smoothed(curve: readonly Measurement[], neighbours: number): Measurement[] {
  return curve.slice(neighbours - 1).map((_, index) => {
    const window = curve.slice(index, index + neighbours)
    const mean = (of: (point: Measurement) => number): number =>
      window.reduce((sum, point) => sum + of(point), 0) / window.length
    return { seconds: mean(({ seconds }) => seconds), value: mean(({ value }) => value) }
  })
}
