// `npm run simulate -- --seed 1 --hours 24`: the whole system under faults on virtual time; with --sweep one job's
// parameter servers alone, as the tests sweep them. Exit code 1 when a checker fails; the same seed gives the same history.
import { parseArgs } from 'node:util'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import { openLog, type Log } from '#runtime/log.ts'
import { briefRun } from './options.ts'
import { sweep } from './rounds-sweep.ts'
import { simulate } from './simulate.ts'

const usage = `usage: npm run simulate -- [--seed N] [--seeds COUNT] [--hours H] [--jobs N] [--faults-per-hour N] [--cpu-units N] [--elastic] [--verbose] [--json]
       npm run simulate -- --sweep [--seed N] [--seeds COUNT] [--verbose] [--json]   a seed of the parameter servers' sweep`

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: String(briefRun.hours) },
    jobs: { type: 'string' },
    'faults-per-hour': { type: 'string' },
    'cpu-units': { type: 'string', default: String(briefRun.cpuUnits) },
    verbose: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    sweep: { type: 'boolean', default: false },
    elastic: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function number(name: keyof typeof values, fallback: number, least: number): number {
  const value = values[name] === undefined ? fallback : Number(values[name])
  if (Number.isFinite(value) && value >= least) return value
  console.error(`--${name}: ${String(values[name])} must be a number of at least ${least}\n${usage}`)
  process.exit(2)
}

async function sweepSeeds(): Promise<void> {
  const first = number('seed', 1, 0)
  for (let seed = first; seed < first + number('seeds', 1, 1); seed++) {
    const result = await sweep(seed)
    const { strategy, faults, rounds, virtualSeconds, events } = result
    if (values.json) console.log(JSON.stringify(result))
    else {
      console.log(
        `seed ${seed}: ${strategy}, ${faults.length} faults, ${rounds} rounds, ${events} events in ${virtualSeconds.toFixed(1)} virtual seconds`,
      )
    }
    if (values.verbose) for (const fault of faults) console.error(`  ${fault}`)
  }
}

async function simulateSeeds(): Promise<void> {
  const hours = number('hours', briefRun.hours, 0.01)
  const first = number('seed', 1, 0)
  const catalogue = await loadCatalogue()
  const logOf = (clock: Clock): Log => openLog({ name: 'simulation', level: 'info', clock })
  for (let seed = first; seed < first + number('seeds', 1, 1); seed++) {
    const result = await simulate(
      {
        seed,
        hours,
        jobs: number('jobs', hours > 1 ? Math.ceil(hours * 24) : briefRun.jobs, 0),
        faultsPerHour: number('faults-per-hour', hours > 1 ? 30 : briefRun.faultsPerHour, 0),
        isElastic: values.elastic,
        cpuUnits: number('cpu-units', briefRun.cpuUnits, 1),
        ...(values.verbose ? { log: (line: string) => console.error(line) } : {}),
      },
      catalogue,
      values.verbose ? logOf : undefined,
    )
    if (values.json) console.log(JSON.stringify(result))
    else {
      const { jobs, succeeded, cancelled, faults, checks, virtualHours, fingerprint } = result
      console.log(
        `seed ${seed}: ${jobs} jobs (${succeeded} succeeded, ${cancelled} cancelled), ${faults} faults in ${virtualHours.toFixed(2)} virtual hours, ${checks} checks, history ${fingerprint.slice(0, 12)}`,
      )
    }
  }
}

if (values.help) console.log(usage)
else {
  try {
    await (values.sweep ? sweepSeeds() : simulateSeeds())
  } catch (error) {
    console.error(messageOf(error))
    process.exitCode = 1
  }
}
