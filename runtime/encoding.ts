// Rows and journal lines keep their object as JSON. A loss may be NaN or infinite, which JSON cannot say, so those three numbers are
// written as { "$number": "NaN" }.

export function encode(value: unknown): string {
  return JSON.stringify(value, writeNumber)
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it stored
export function decode<T>(text: string): T {
  // Reading with a reviver is several times slower, and hardly any row needs it.
  return (text.includes(marker) ? JSON.parse(text, readNumber) : JSON.parse(text)) as T
}

const marker = '"$number"'

function writeNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value
}

function readNumber(_key: string, value: unknown): unknown {
  const isMarked = typeof value === 'object' && value !== null && '$number' in value
  return isMarked ? Number(value.$number) : value
}
