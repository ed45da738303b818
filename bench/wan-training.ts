// Seconds to an accuracy, and what it costs, for every way to synchronise: real processes (control plane, agents, parameter
// servers, PyTorch workers) and real images over links of a thin WAN, two regions (data 2:1) and three (3:2:1), uneven
// in speed too. A convolutional network of 1.02 M parameters, SGD, batch 64, Fashion-MNIST twice over; medians of 3 seeds.
//
//   npm run bench -- wan-training --json            everything; about ninety minutes. Interrupted, it goes on where it was
//   npm run bench -- wan-training --quick           two regions, one seed, the rows of the keys: about eight minutes
//   ... --rows asgd,auto --regions two --seeds 1,2  some of it        --fresh  forgets what was measured before
//   ... --tune                                      each row's grid of learning rates, two regions, seed 1
//
// Computation is emulated to be GPU-like and the link scaled to it, as wan-training/settings.ts says. The rows `single`
// (first region, its own data) and `ideal` (all data there, with one worker at each region's pace, asynchronous, no WAN)
// are the bounds. Seconds count from the job's first step, accuracy is that of the first region's replica.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '#cli/context.ts'
import { openOutput } from '#cli/output.ts'
import { findPython } from '#cli/python-environment.ts'
import { cloudlessHome } from '#cli/server-address.ts'
import { systemRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { jobOf } from './wan-training/job.ts'
import { inLaboratory, type Laboratory } from './wan-training/laboratory.ts'
import { parseOptions, type Options } from './wan-training/options.ts'
import { openResults, type ResultsFile } from './wan-training/results-file.ts'
import type { Row, Variant } from './wan-training/rows.ts'
import { runJob, type Run } from './wan-training/run-job.ts'
import type { RunRecord } from './wan-training/run-record.ts'
import { fixedSettings, limitSeconds, mbitPerSecond, type World } from './wan-training/settings.ts'
import {
  byPreference,
  figuresOf,
  keysOf,
  markdown,
  secondsToTarget,
  stallShareOf,
  worst,
  type RowFigures,
} from './wan-training/summary.ts'

export const takesArguments = true

/** Above this share of steps that took longer than their pace the computation was not the emulated one. */
const slowStepShareMax = 0.02

type Wanted = { readonly world: World; readonly row: Row; readonly variant: Variant; readonly seed: number }

export async function run({ clock, note, args }: BenchOptions): Promise<BenchResult> {
  const options = parseOptions(args)
  const environment = process.env
  const home = cloudlessHome(environment)
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt)
  const { signal } = interrupted
  const stderr = { write: (data: string | Uint8Array): void => note(String(data).trimEnd()) }
  const output = openOutput({ stdout: stderr, stderr, clock, isJson: false, isQuiet: true, colours: false })
  const context: Context = { clock, random: systemRandom(), environment, output, signal, home, server: null }
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const results = openResults(join(home, 'bench'), fixedSettings(), options.isFresh)
  note(`results are kept in ${results.path.replace(homedir(), '~')}`)
  const wanted = options.isTuning ? wantedToTune(options) : wantedToCompare(options)
  await runAll(context, python, wanted, results, note)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, interrupt)
  return options.isTuning ? tuned(options, results, note) : compared(options, results, note)
}

function wantedToCompare({ worlds, rows, seeds }: Options): Wanted[] {
  return worlds.flatMap((world) =>
    seeds.flatMap((seed) => rows.map((row) => ({ world, row, variant: row.tuned, seed }))),
  )
}

function wantedToTune({ worlds, rows, seeds }: Options): Wanted[] {
  const [world, seed] = [worlds[0]!, seeds[0]!]
  return rows.flatMap((row) => row.grid.map((variant) => ({ world, row, variant, seed })))
}

function runOf({ world, row, variant, seed }: Wanted): Run {
  const key = [world.name, row.name, JSON.stringify(variant), `seed ${seed}`].join(' ')
  return { key, world: world.name, row: row.name, seed, ...variant }
}

/** One cluster per world, one job after another. */
async function runAll(
  context: Context,
  python: string,
  wanted: readonly Wanted[],
  results: ResultsFile,
  note: BenchOptions['note'],
): Promise<void> {
  const missing = wanted.filter((each) => !results.records.some(({ key }) => key === runOf(each).key))
  note(`${missing.length} runs to make, ${wanted.length - missing.length} are there`)
  let made = 0
  for (const [world, runs] of Map.groupBy(missing, ({ world: each }) => each)) {
    note(`${world.name} regions, links of ${mbitPerSecond(world).toFixed(1)} Mbit/s`)
    await inLaboratory(context, python, world, async (laboratory) => {
      for (const each of runs) {
        const record = await runOne(context, laboratory, each)
        results.add(record)
        made += 1
        note(`${made} of ${missing.length}: ${described(record)}`)
      }
    })
  }
}

async function runOne(context: Context, { services, data, failed }: Laboratory, wanted: Wanted): Promise<RunRecord> {
  const { world, row, variant, seed } = wanted
  const file = jobOf(world, row, variant, seed, data)
  const broken = failed.then((text) => Promise.reject(new Error(text)))
  return Promise.race([runJob(context, services, runOf(wanted), file, limitSeconds), broken])
}

function compared(options: Options, { records }: ResultsFile, note: BenchOptions['note']): BenchResult {
  const settings = fixedSettings()
  const byWorld = options.worlds.map((world) => {
    const figures = options.rows.map((row) => {
      const keys = new Set(options.seeds.map((seed) => runOf({ world, row, variant: row.tuned, seed }).key))
      return figuresOf(
        row,
        records.filter(({ key }) => keys.has(key)),
        settings,
      )
    })
    note(`\n${markdown(titleOf(world), figures)}`)
    const slow = figures.filter(({ slowStepShare }) => slowStepShare > slowStepShareMax).map(({ row }) => row)
    if (slow.length > 0)
      note(`NOT TO BE PUBLISHED: this machine was too slow or busy for the paces of ${slow.join(', ')}`)
    return { world, figures, keys: keysOf(figures) }
  })
  const keys = worst(byWorld.map((each) => each.keys))
  return {
    ...keys,
    ...Object.assign({}, ...byWorld.map(({ world, figures, keys: own }) => flat(world, figures, own))),
    target_accuracy: settings.targetAccuracy,
    parameters: settings.parameters,
    exchange_steps: settings.exchangeSteps,
    round_trip_ms: settings.roundTripMs,
    limit_seconds: settings.limitSeconds,
    seeds: options.seeds,
  }
}

function titleOf(world: World): string {
  const shares = world.regions.map(({ share }) => share).join(':')
  const paces = world.regions.map(({ paceMs }) => paceMs).join(', ')
  return `${world.name} regions, data ${shares}, ${paces} ms a step, ${mbitPerSecond(world).toFixed(1)} Mbit/s`
}

/** A world's figures as flat keys, for example two_asgd_ga_seconds. */
function flat(world: World, figures: readonly RowFigures[], keys: Readonly<Record<string, number>>): BenchResult {
  const own = Object.entries(keys).map(([key, value]) => [`${world.name}_${key}`, value] as const)
  const paces = world.regions.map(({ paceMs }) => paceMs)
  const rows = figures.flatMap((row) => {
    const name = `${world.name}_${row.row.replaceAll('-', '_')}`
    return [
      [`${name}_seconds`, row.seconds ?? -1],
      [`${name}_final_accuracy`, row.finalAccuracy ?? -1],
      [`${name}_wan_bytes`, row.bytesTotal],
      [`${name}_wan_bytes_to_target`, row.bytesToTarget],
      [`${name}_wan_bytes_per_sample`, row.bytesPerSample],
      [`${name}_stall_share`, row.stallShare],
      [`${name}_cost_usd`, row.costUsd],
      [`${name}_real_step_ms`, row.realStepMs],
      [`${name}_slow_step_share`, row.slowStepShare],
    ] as const
  })
  const link = [[`${world.name}_mbit_s`, mbitPerSecond(world)] as const]
  return { ...Object.fromEntries([...own, ...rows, ...link]), [`${world.name}_pace_ms`]: paces }
}

/** The grid of each row, best first. */
function tuned(options: Options, { records }: ResultsFile, note: BenchOptions['note']): BenchResult {
  const made = new Set(wantedToTune(options).map((each) => runOf(each).key))
  const best = options.rows.map((row) => {
    const runs = records.filter(({ key, row: name }) => name === row.name && made.has(key))
    const sorted = byPreference(runs, fixedSettings())
    note(`\n${row.title}\n${sorted.map((record) => `  ${described(record)}`).join('\n')}`)
    return [row.name, JSON.stringify({ learningRate: sorted[0]?.learningRate, sync: sorted[0]?.sync })] as const
  })
  return Object.fromEntries(best)
}

function described(record: RunRecord): string {
  const seconds = secondsToTarget(record, fixedSettings())
  const { world, row, seed, sync, learningRate, failure, wasCut, finalAccuracy } = record
  const reached = seconds === Number.MAX_VALUE ? 'target not reached' : `target after ${seconds.toFixed(1)} s`
  const end =
    failure !== '' ? `failed: ${failure}` : wasCut ? 'cut' : `final ${(100 * (finalAccuracy ?? 0)).toFixed(2)} %`
  const steps = record.paces.reduce((sum, pace) => sum + pace.steps, 0)
  const over = record.paces.reduce((sum, pace) => sum + pace.stepsOverPace, 0)
  return [
    `${world} ${row} seed ${seed} ${JSON.stringify(sync)} rate ${learningRate}: ${reached}, ${end}`,
    `${record.seconds.toFixed(0)} s, ${(record.wanBytesTotal / 1e6).toFixed(1)} MB, stall ${(100 * stallShareOf(record.paces)).toFixed(1)} %`,
    `${over} of ${steps} steps slower than their pace`,
  ].join('; ')
}
