// The simulator's process, which `cloudless simulate` starts: a scenario file in, lines of JSON out. Each says how far it is,
// and the last one holds the report, or what is wrong. Exit codes: 0 with a report, 1 without, 2 for a wrong command line.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { JobSpec } from '#control-plane/model/job.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { decodeJobSpec } from '#control-plane/wire/job-spec.ts'
import type { JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { present } from '#runtime/assert.ts'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { simulationConfig as config } from './config.ts'
import { parseScenario } from './read-scenario.ts'
import type { Scenario } from './scenario-schema.ts'
import { simulate } from './simulate.ts'

type Options = {
  readonly scenario: string
  readonly seed: number | null
  readonly catalogue: string | null
  /** A file of JSON: the scenario's job files by name, as messages for the wire. */
  readonly specs: string | null
}

async function run(given: Options): Promise<void> {
  const folder = dirname(resolve(given.scenario))
  const scenario = parseScenario(readText(given.scenario, 'scenario'), given.scenario)
  const named = given.catalogue ?? (scenario.catalogue === undefined ? null : resolve(folder, scenario.catalogue))
  const catalogue = await loadCatalogue(named === null ? [] : [named])
  const clock = systemClock()
  let toldAtMs = Number.NEGATIVE_INFINITY
  const report = await simulate({
    scenario,
    catalogue,
    seed: given.seed ?? scenario.seed,
    log: openLog({ name: 'simulate', level: 'error', clock }),
    readText: (name) => readText(resolve(folder, name), name),
    specs: specsFor(scenario, given.specs),
    onProgress: (policy, progress, arrivals) => {
      if (clock.monotonicMs() - toldAtMs < config.progressEveryMs) return
      toldAtMs = clock.monotonicMs()
      print({ progress: { policy, ...progress, arrivals, lengthSeconds: scenario.length } })
    },
  })
  print({ report })
}

function readText(path: string, field: string): string {
  try {
    const { size } = statSync(path)
    if (size > config.traceBytesMax)
      throw invalid([{ field, description: `${path} has ${size} bytes; at most ${config.traceBytesMax} are read` }])
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    throw new CloudlessError('invalid', 'NO_FILE', `${field}: cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Job files are read by the command line, which knows their form. */
function specsFor({ arrivals }: Scenario, path: string | null): ReadonlyMap<string, JobSpec> {
  if (arrivals.kind !== 'files') return new Map()
  const given = path === null ? {} : (JSON.parse(readText(path, '--specs')) as Record<string, object>)
  return new Map(
    arrivals.files.map(({ file }, i) => {
      const wire = given[file]
      const field = `arrivals.files[${i}].file`
      if (wire === undefined)
        throw invalid([
          { field, description: `${file} was not read; start the simulation with \`cloudless simulate\`` },
        ])
      return [file, specOf(wire)]
    }),
  )
}

function specOf(wire: object): JobSpec {
  const message = messageDefinition<object, JobSpec__Output>('cloudless.v1.JobSpec')
  const checks = new Checks()
  const spec = decodeJobSpec(checks, message.deserialize(message.serialize(wire)))
  checks.done()
  return present(spec, 'spec of a job file')
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, catalogue: { type: 'string' }, specs: { type: 'string' } },
    allowPositionals: true,
  })
  const [scenario] = positionals
  const seed = values.seed === undefined ? null : Number(values.seed)
  if (scenario === undefined || positionals.length > 1) throw new Error('give one scenario file')
  if (seed !== null && !(Number.isSafeInteger(seed) && seed >= 0))
    throw new Error(`--seed ${values.seed} is no whole number of at least 0`)
  return { scenario, seed, catalogue: values.catalogue ?? null, specs: values.specs ?? null }
}

let options: Options | null = null
try {
  options = optionsOf(process.argv.slice(2))
} catch (error) {
  process.stderr.write(
    `simulate: ${messageOf(error)}\nusage: node control-plane/simulation/main.ts SCENARIO.yaml [--seed N] [--catalogue PATH]\n`,
  )
  process.exitCode = 2
}
if (options !== null) {
  run(options).catch((error: unknown) => {
    if (error instanceof CloudlessError) {
      const { kind, reason, message, violations } = error
      print({ error: { kind, reason, message, violations } })
    } else process.stderr.write(`simulate: ${(error as Error).stack ?? messageOf(error)}\n`)
    process.exitCode = 1
  })
}
