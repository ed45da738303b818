// "Did you mean": the known key with the fewest typing slips (optimal string alignment distance), if few enough.

export function nearestKey(given: string, known: readonly string[]): string | null {
  const slipsMax = Math.max(1, Math.floor(given.length / 3))
  const ranked = known
    .map((key) => ({ key, slips: distance(given.toLowerCase(), key.toLowerCase()) }))
    .filter(({ slips }) => slips <= slipsMax)
    // Ties go to the alphabetically first, so that the answer is always the same.
    .sort((a, b) => a.slips - b.slips || (a.key < b.key ? -1 : 1))
  return ranked[0]?.key ?? null
}

function distance(a: string, b: string): number {
  // A key of thousands of letters is no typing slip, and the table below is quadratic.
  if (Math.abs(a.length - b.length) > 20 || a.length > 100) return Number.POSITIVE_INFINITY
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let best = Math.min(replace, rows[i - 1]![j]! + 1, row[j - 1]! + 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) best = Math.min(best, rows[i - 2]![j - 2]! + 1)
      row.push(best)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
