// `cloudless simulate SCENARIO`: what the control plane would make of a fleet and its jobs, on virtual time. It runs in a
// process of its own, so that it can be interrupted and its memory is its own.
import { join } from 'node:path'
import { Command } from 'commander'
import type { SimulationReport } from '#control-plane/simulation/simulation-report.ts'
import { CloudlessError, invalid, type ErrorKind, type FieldViolation } from '#runtime/errors.ts'
import type { Context, Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderSimulation } from '../render/simulation.ts'
import { readAssets } from '../report/page/page.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'
import { renderSimulationPage } from '../report/simulation-page.ts'
import { runChild } from '../run-child.ts'
import { withScenarioJobs } from '../scenario-jobs.ts'
import { formatCount, formatSeconds } from '../units.ts'
import { simulateServing } from './simulate-serving.ts'

type Given = { readonly serving?: true; readonly seed?: string; readonly catalogue?: string; readonly html?: string }

export function simulateCommand(run: Run): Command {
  return new Command('simulate')
    .description('simulate a fleet and its jobs on virtual time: use, cost, waiting, spot losses')
    .argument('<scenario>', 'scenario file (YAML)')
    .option('--serving', 'inference functions under load instead of training jobs')
    .option('--seed <number>', "another seed than the scenario's own")
    .option('--catalogue <path>', "another catalogue than the scenario's own")
    .option('--html <file>', 'write one self-contained page; an older one is replaced')
    .action(
      run(async (context, scenario: string, given: Given) => {
        checkSeed(given.seed)
        if (given.serving === true) {
          if (given.catalogue !== undefined)
            throw invalid([
              { field: '--catalogue', description: 'GPUs of a scenario of serving are in the scenario; leave it out' },
            ])
          const seed = given.seed === undefined ? null : Number(given.seed)
          await simulateServing(context, scenario, { seed, html: given.html ?? null })
          return exitCodes.ok
        }
        const path = given.html === undefined ? null : await pageTarget(given.html)
        const report = await withScenarioJobs(scenario, context, (specs) => simulated(context, scenario, given, specs))
        if (path === null) context.output.result(report, () => renderSimulation(report, context.output.style))
        else {
          await writePage(path, renderSimulationPage(report, await readAssets()))
          context.output.result({ path }, () => path)
        }
        return exitCodes.ok
      }),
    )
}

function checkSeed(seed: string | undefined): void {
  if (seed !== undefined && !/^\d{1,15}$/.test(seed))
    throw invalid([{ field: '--seed', description: `"${seed}" is no whole number of at least 0; write for example 7` }])
}

type Line = {
  readonly progress?: {
    readonly policy: string
    readonly virtualSeconds: number
    readonly arrived: number
    readonly ended: number
    readonly arrivals: number
  }
  readonly report?: SimulationReport
  readonly error?: {
    readonly kind: ErrorKind
    readonly reason: string
    readonly message: string
    readonly violations: readonly FieldViolation[]
  }
}

async function simulated(
  context: Context,
  scenario: string,
  { seed, catalogue }: Given,
  specs: string | null,
): Promise<SimulationReport> {
  const { output, environment, signal } = context
  let last: Line = {}
  let bar: ReturnType<typeof output.progress> | null = null
  const program = join(import.meta.dirname, '../../control-plane/simulation/main.ts')
  const more = [
    ...(seed === undefined ? [] : ['--seed', seed]),
    ...(catalogue === undefined ? [] : ['--catalogue', catalogue]),
    ...(specs === null ? [] : ['--specs', specs]),
  ]
  try {
    const child = await runChild(process.execPath, [program, scenario, ...more], {
      environment,
      signal,
      onLine: (text) => {
        const line = lineOf(text)
        if (line === null) return
        last = line
        if (line.progress === undefined) return
        const { policy, virtualSeconds, arrived, ended, arrivals } = line.progress
        bar ??= output.progress(
          'simulating',
          arrivals,
          (jobs) => `${formatCount(jobs)} of ${formatCount(arrivals)} jobs ended`,
        )
        bar.update(ended, `${policy}, ${formatSeconds(virtualSeconds)}, ${formatCount(arrived - ended)} active`)
      },
    })
    if (last.error !== undefined) {
      const { kind, reason, message, violations } = last.error
      throw new CloudlessError(kind, reason, message, { violations })
    }
    if (child.status === 0 && last.report !== undefined) return last.report
    throw new CloudlessError('internal', 'SIMULATION', `the simulation ended without a report: ${child.tail}`)
  } finally {
    ;(bar as ReturnType<typeof output.progress> | null)?.stop()
  }
}

/** Null for what else a process may print. */
function lineOf(text: string): Line | null {
  if (!text.startsWith('{')) return null
  try {
    return JSON.parse(text) as Line
  } catch {
    return null
  }
}
