// What a function answered, as a person reads it: each tensor by its name, cut where it is long. Pure.
import type { Answer, Output } from '../invoke/ask.ts'

export function renderAnswer({ outputs }: Answer, columns: number): string {
  const width = Math.max(40, Math.min(columns, 200))
  if (outputs.length === 0) return 'answered without outputs'
  return outputs.map((output) => renderOutput(output, width)).join('\n')
}

function renderOutput({ name, datatype, shape, data }: Output, width: number): string {
  const head = `${name} ${datatype}[${shape.join(', ')}]`
  const text = JSON.stringify(nested(data, shape))
  return text.length + head.length + 2 <= width
    ? `${head}  ${text}`
    : `${head}  ${text.slice(0, width - head.length - 3)}…`
}

/** As its shape says; as it came where the two do not fit. */
function nested(data: readonly unknown[], shape: readonly number[]): unknown {
  const [, ...inner] = shape
  const size = inner.reduce((product, each) => product * each, 1)
  if (inner.length === 0 || size === 0 || data.length % size !== 0) return data
  return Array.from({ length: data.length / size }, (_, i) => nested(data.slice(i * size, (i + 1) * size), inner))
}

export function renderRepeated(answers: readonly Answer[], { sloMs }: { readonly sloMs: number | null }): string {
  const sorted = answers.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1)
  const over = sloMs === null ? '' : `; ${sorted.filter((each) => each > sloMs).length} over ${sloMs} ms`
  return `${sorted.length} answers: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms${over}`
}
