// The job files that a scenario names, read as for a submit, in one file of JSON for the simulator's process. What else is in the
// scenario is for that process to check; one that can not be read at all has no job files.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Context } from './context.ts'
import { readJobFile } from './job-file.ts'
import { explicitJob } from './profile/explicit-share.ts'

/** Gives `use` the path of the file; null where the scenario names no job file. */
export async function withScenarioJobs<T>(
  scenario: string,
  context: Context,
  use: (path: string | null) => Promise<T>,
): Promise<T> {
  const names = await jobFilesOf(scenario)
  if (names.length === 0) return use(null)
  const specs: Record<string, JobSpec> = {}
  for (const name of names) {
    const { file } = await explicitJob(readJobFile(resolve(dirname(scenario), name)), context)
    specs[name] = file.spec
  }
  const folder = await mkdtemp(join(tmpdir(), 'cloudless-simulate-'))
  try {
    const path = join(folder, 'specs.json')
    await writeFile(path, JSON.stringify(specs))
    return await use(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function jobFilesOf(scenario: string): Promise<readonly string[]> {
  try {
    const content = parse(await readFile(scenario, 'utf8'), { maxAliasCount: 100 }) as unknown
    const { files } = (content as { arrivals: { files?: readonly { file?: unknown }[] } }).arrivals
    return (files ?? []).flatMap(({ file }) => (typeof file === 'string' ? [file] : []))
  } catch {
    return []
  }
}
