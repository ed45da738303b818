// Names that someone may have meant, for refusals: those with the fewest letters to change.

export function nearestNames(given: string, known: readonly string[], countMax = 3): readonly string[] {
  return known
    .map((name) => ({ name, edits: editsBetween(given.slice(0, 100), name) }))
    .filter(({ name, edits }) => edits <= Math.max(2, Math.floor(name.length / 2)))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))
    .slice(0, countMax)
    .map(({ name }) => name)
}

/** Levenshtein distance, one row at a time. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replace, above[j]! + 1, row[j - 1]! + 1))
    }
  }
  return row[b.length]!
}
