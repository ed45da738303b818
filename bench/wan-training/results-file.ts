// Finished runs, one JSON object a line, so that a benchmark of an hour goes on where it was interrupted. The name holds a
// hash of the settings: results of other settings are never mixed in.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CloudlessError } from '#runtime/errors.ts'
import { runRecord, type RunRecord } from './run-record.ts'

export type ResultsFile = {
  readonly path: string
  readonly records: readonly RunRecord[]
  add(record: RunRecord): void
}

export function openResults(folder: string, settings: unknown, isFresh: boolean): ResultsFile {
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 8)
  const path = join(folder, `wan-training-${hash}.jsonl`)
  if (isFresh) rmSync(path, { force: true })
  const records = read(path)
  return {
    path,
    records,
    add: (record) => {
      records.push(record)
      mkdirSync(dirname(path), { recursive: true })
      appendFileSync(path, `${JSON.stringify(record)}\n`)
    },
  }
}

function read(path: string): RunRecord[] {
  if (!existsSync(path)) return []
  const text = readFileSync(path, 'utf8')
  // An interrupted write leaves a last line without its end; that run is made again.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  if (whole.length < text.length) writeFileSync(path, whole)
  return whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const result = runRecord.safeParse(jsonOf(line))
      if (result.success) return result.data
      const refusal = `${path}, line ${index + 1} is no result of this benchmark; give --fresh to begin anew`
      throw new CloudlessError('invalid', 'RESULTS_FILE', refusal, { cause: result.error })
    })
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
