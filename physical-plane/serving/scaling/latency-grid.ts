// One batch size's profile as a surface over (multiprocessors, time): holes filled from their row and column, made monotone, and
// interpolated bilinearly in logarithms. Where the profile is monotone it is met exactly; where it is not, the value lies between
// (in logarithms) the least that smaller parts took and the most that larger parts took, which both only fall.

export type GridPoint = { readonly smMilli: number; readonly quotaMilli: number; readonly latencyMs: number }

/** What predicts recorded surfaces best: too long is measured more often than too short. */
const towardsMost = 0.3

/** Latency in ms; positive, not longer with more of either. */
export type LatencyGrid = (smMilli: number, quotaMilli: number) => number

/** `points` has one at least. Of two at one place the later counts. */
export function latencyGrid(points: readonly GridPoint[]): LatencyGrid {
  const at = points.map((point) => ({ ...point, smMilli: point.smMilli === 0 ? 1000 : point.smMilli }))
  const sms = levels(at.map(({ smMilli }) => smMilli))
  const quotas = levels(at.map(({ quotaMilli }) => quotaMilli))
  const logs: (number | null)[][] = sms.map(() => quotas.map(() => null))
  for (const { smMilli, quotaMilli, latencyMs } of at)
    logs[sms.indexOf(smMilli)]![quotas.indexOf(quotaMilli)] = Math.log(latencyMs)
  const logSms = sms.map(Math.log)
  const logQuotas = quotas.map(Math.log)
  const table = monotone(filled(logs, logSms, logQuotas))
  return (smMilli, quotaMilli) => {
    const row = bracket(logSms, Math.log(smMilli))
    const column = bracket(logQuotas, Math.log(quotaMilli))
    const along = (index: number): number =>
      mix(table[index]![column.low]!, table[index]![column.high]!, column.weight) + column.extra
    return Math.exp(mix(along(row.low), along(row.high), row.weight) + row.extra)
  }
}

type Bracket = { readonly low: number; readonly high: number; readonly weight: number; readonly extra: number }

/** Below the least: in proportion, so much is added to the logarithm; above the most: as there. */
function bracket(levelLogs: readonly number[], value: number): Bracket {
  const last = levelLogs.length - 1
  if (value <= levelLogs[0]!) return { low: 0, high: 0, weight: 0, extra: levelLogs[0]! - value }
  if (value >= levelLogs[last]!) return { low: last, high: last, weight: 0, extra: 0 }
  const high = levelLogs.findIndex((level) => level >= value)
  const low = high - 1
  return { low, high, weight: (value - levelLogs[low]!) / (levelLogs[high]! - levelLogs[low]!), extra: 0 }
}

/** Holes by their row and column, within what measured neighbours allow, so that no measured point is moved by them. */
function filled(
  logs: readonly (readonly (number | null)[])[],
  logSms: readonly number[],
  logQuotas: readonly number[],
): number[][] {
  const columnOf = (j: number): (number | null)[] => logs.map((row) => row[j]!)
  return logs.map((row, i) =>
    row.map((known, j) => {
      if (known !== null) return known
      const guess = mix(line(row, logQuotas, logQuotas[j]!), line(columnOf(j), logSms, logSms[i]!), 0.5)
      let most = Number.POSITIVE_INFINITY
      let least = Number.NEGATIVE_INFINITY
      for (const [k, others] of logs.entries())
        for (const [l, other] of others.entries()) {
          if (other === null) continue
          if (k <= i && l <= j) most = Math.min(most, other)
          if (k >= i && l >= j) least = Math.max(least, other)
        }
      return least > most ? mix(least, most, 0.5) : Math.min(most, Math.max(least, guess))
    }),
  )
}

/** A level exists because of a point on it, so that every row and column has one. */
function line(values: readonly (number | null)[], levelLogs: readonly number[], at: number): number {
  const known = levelLogs.flatMap((level, index) => (values[index] == null ? [] : [{ level, value: values[index] }]))
  const { low, high, weight, extra } = bracket(
    known.map(({ level }) => level),
    at,
  )
  return mix(known[low]!.value, known[high]!.value, weight) + extra
}

function monotone(table: readonly (readonly number[])[]): number[][] {
  const least = table.map((row) => [...row])
  const most = table.map((row) => [...row])
  const rows = table.length
  const columns = table[0]!.length
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      if (i > 0) least[i]![j] = Math.min(least[i]![j]!, least[i - 1]![j]!)
      if (j > 0) least[i]![j] = Math.min(least[i]![j]!, least[i]![j - 1]!)
    }
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--) {
      if (i + 1 < rows) most[i]![j] = Math.max(most[i]![j]!, most[i + 1]![j]!)
      if (j + 1 < columns) most[i]![j] = Math.max(most[i]![j]!, most[i]![j + 1]!)
    }
  return least.map((row, i) => row.map((value, j) => mix(value, most[i]![j]!, towardsMost)))
}

function mix(a: number, b: number, weight: number): number {
  return weight === 0 ? a : a * (1 - weight) + b * weight
}

function levels(values: readonly number[]): readonly number[] {
  return [...new Set(values)].toSorted((a, b) => a - b)
}
