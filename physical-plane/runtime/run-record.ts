// What is on disk about an instance: one folder with its record, its log and the exit code of its newest run. All that
// a restarted agent needs to take a run over. Files appear by rename, so a reader sees a whole one or none.
import { readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { invalid } from '#runtime/errors.ts'

const shareSchema = z.strictObject({
  requestMilli: z.number().int().min(1),
  limitMilli: z.number().int().min(1),
  memoryBytes: z.number().int().min(0),
  smMilli: z.number().int().min(1).max(1000).exactOptional(),
})

const recordSchema = z.strictObject({
  instanceId: z.string(),
  jobId: z.string(),
  attempt: z.number().int().min(1),
  slices: z
    .array(
      z.strictObject({
        deviceId: z.string(),
        deviceModel: z.string(),
        units: z.number().int().min(1),
        share: shareSchema.optional(),
      }),
    )
    .readonly(),
  startedAtMs: z.number(),
  mark: z.string(),
  bootId: z.string(),
  /** Null between the record's first writing and the start of the process. */
  process: z.strictObject({ pid: z.number().int(), startTicks: z.number() }).nullable(),
})

export type RunRecord = Readonly<z.infer<typeof recordSchema>>

export type InstanceFiles = {
  readonly folder: string
  readonly record: string
  readonly log: string
  readonly exit: (attempt: number) => string
}

/** The instance's files below `root`; refuses ids that are not safe as a file name. */
export function filesOf(root: string, instanceId: string): InstanceFiles {
  const isSafe = /^[a-zA-Z0-9][a-zA-Z0-9._@-]*(\/[a-zA-Z0-9][a-zA-Z0-9._@-]*)*$/.test(instanceId)
  if (!isSafe || instanceId.length > 200)
    throw invalid([
      {
        field: 'instance.id',
        description: `${JSON.stringify(instanceId)} must be letters, digits, '.', '_', '-', '@' and '/'`,
      },
    ])
  const folder = join(root, instanceId.replaceAll('/', '+'))
  return {
    folder,
    record: join(folder, 'run.json'),
    log: join(folder, 'log'),
    exit: (attempt) => join(folder, `exit-${attempt}`),
  }
}

export async function writeRecord(files: InstanceFiles, record: RunRecord): Promise<void> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 })
  const unfinished = `${files.record}.new`
  await writeFile(unfinished, JSON.stringify(record), { mode: 0o600 })
  await rename(unfinished, files.record)
}

/** Records below `root`, in ascending order of folder. What cannot be read is named to `onBroken` and left out. */
export async function readRecords(root: string, onBroken: (path: string, why: string) => void): Promise<RunRecord[]> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const records: RunRecord[] = []
  for (const name of (await readdir(root)).sort()) {
    const path = join(root, name, 'run.json')
    const text = readOrNull(path)
    if (text === null) continue
    const parsed = recordSchema.safeParse(parseJson(text))
    if (parsed.success) records.push(parsed.data)
    else onBroken(path, z.prettifyError(parsed.error))
  }
  return records
}

export type ExitFile = { readonly code: number; readonly endedAtMs: number }

/** What the wrapper wrote at the end of the run; null while it runs, or when the wrapper itself was killed. */
export function readExit(files: InstanceFiles, attempt: number): ExitFile | null {
  const path = files.exit(attempt)
  const text = readOrNull(path)
  if (text === null || !/^\d{1,3}\n$/.test(text)) return null
  return { code: Number(text), endedAtMs: modifiedAtMs(path) ?? 0 }
}

/** Null when there is no such file. */
export function modifiedAtMs(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
