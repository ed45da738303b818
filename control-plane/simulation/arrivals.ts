// When jobs arrive, and how large those of a trace are. A Poisson process of which the number of arrivals is given has them
// at times that are drawn independently and evenly.
import { parse } from 'csv-parse/sync'
import { invalid, messageOf } from '#runtime/errors.ts'
import { streamOf } from './draw.ts'
import type { Scenario } from './scenario-schema.ts'

export type Arrival = {
  /** Since the start. */
  readonly atSeconds: number
  /** What a trace says; null where the kind of job is to say it. */
  readonly size: { readonly gpus: number; readonly seconds: number } | null
  /** The job file that it is of; null where a kind of job is drawn. */
  readonly file: string | null
}

/** In ascending order of time. */
export function arrivalsOf(scenario: Scenario, seed: number, readText: (name: string) => string): readonly Arrival[] {
  const { arrivals, length } = scenario
  switch (arrivals.kind) {
    case 'at-once':
      return Array.from({ length: arrivals.jobs }, () => ({ atSeconds: 0, size: null, file: null }))
    case 'poisson': {
      const random = streamOf(seed, 'arrivals')
      const times = Array.from({ length: arrivals.jobs }, () => random.next() * length)
      return times.sort((a, b) => a - b).map((atSeconds) => ({ atSeconds, size: null, file: null }))
    }
    case 'files':
      return arrivals.files
        .flatMap(({ file, at, jobs, every }) =>
          Array.from({ length: jobs }, (_, i) => ({ atSeconds: at + i * every, size: null, file })),
        )
        .sort((a, b) => a.atSeconds - b.atSeconds)
    case 'trace':
      return traced(readText(arrivals.file), arrivals)
        .filter(({ atSeconds }) => atSeconds <= length)
        .slice(0, arrivals.jobs)
  }
}

type TraceArrivals = Extract<Scenario['arrivals'], { kind: 'trace' }>

function traced(text: string, { file, columns, stretch }: TraceArrivals): readonly Arrival[] {
  const rows = rowsOf(text, file)
  const refuse = (description: string): never => {
    throw invalid([{ field: 'arrivals.file', description: `${file}: ${description}` }], 'SCENARIO')
  }
  const numberIn = (row: Readonly<Record<string, string>>, line: number, column: string): number => {
    const value = row[column]
    if (value === undefined) return refuse(`has no column "${column}"; name it under arrivals.columns`)
    const number = value.trim() === '' ? Number.NaN : Number(value)
    if (!Number.isFinite(number) || number < 0)
      return refuse(`line ${line}: ${column} is "${value.slice(0, 40)}", which is no number of at least 0`)
    return number
  }
  const arrivals = rows.flatMap((row, i) => {
    const line = i + 2
    const gpus = numberIn(row, line, columns.gpus)
    // Work without a GPU is not ours.
    if (gpus === 0) return []
    const time = numberIn(row, line, columns.time)
    const seconds =
      columns.end === undefined ? numberIn(row, line, columns.duration) : numberIn(row, line, columns.end) - time
    return seconds > 0 ? [{ time, gpus, seconds }] : []
  })
  if (arrivals.length === 0) return refuse('has no row with GPUs and a duration above 0')
  const first = Math.min(...arrivals.map(({ time }) => time))
  return arrivals
    .map(({ time, gpus, seconds }) => ({ atSeconds: (time - first) * stretch, size: { gpus, seconds }, file: null }))
    .sort((a, b) => a.atSeconds - b.atSeconds)
}

function rowsOf(text: string, file: string): readonly Readonly<Record<string, string>>[] {
  try {
    return parse(text, { columns: true, skip_empty_lines: true, bom: true, trim: true }) as Record<string, string>[]
  } catch (error) {
    throw invalid([{ field: 'arrivals.file', description: `${file}: ${messageOf(error)}` }], 'SCENARIO')
  }
}
