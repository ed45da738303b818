// What sharing a device costs training and spares requests, on the fake GPU of test/fake-gpu with real processes: our interposer in
// each, our manager beside them. Two pairs (training + requests with an objective, training + offline work that launches ahead) on
// a device that runs in order of arrival and on one that shares its processors as MPS does, three seeds. Says how our parts
// behave, NOT what a real GPU does: for that there is bench/gpu. Everything is compared within one run; medians of seeds.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { type BuiltFakeGpu, buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { type FakeGpuModel, makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import {
  type ClientRun,
  type Measured,
  runTogether,
  type ShareOfClient,
  startManager,
} from './fake-gpu-sharing/clients.ts'
import {
  type Bubble,
  bubbleMs,
  filled,
  filledSeconds,
  filling,
  guarded,
  seeds,
  servedSeconds,
  serving,
  training,
} from './fake-gpu-sharing/workloads.ts'

const models = ['fifo', 'processor-sharing'] as const satisfies readonly FakeGpuModel[]
type Environment = Readonly<Record<string, string>>
type Bench = { readonly fake: BuiltFakeGpu; readonly interposer: string; readonly folder: string; readonly note: Note }
type Note = BenchOptions['note']

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  if (!hasCompiler()) throw new CloudlessError('unavailable', 'NO_COMPILER', 'the fake GPU needs a C compiler, cc')
  const folder = mkdtempSync(join(tmpdir(), 'cl-bench-gpu-'))
  try {
    const bench = { fake: await buildFakeGpu(), interposer: await buildInterposer({ folder }), folder, note }
    const results: Record<string, number> = {}
    for (const model of models) {
      const prefix = model === 'fifo' ? 'fifo' : 'sharing'
      const figures = {
        ...(await guardedPair(bench, model)),
        ...(await filledPair(bench, model, 'host', seeds.length)),
      }
      for (const [name, value] of Object.entries(figures)) results[`${prefix}_${name}`] = value
    }
    const nccl = await filledPair(bench, 'processor-sharing', 'nccl', 1)
    return {
      training_kept: worst(results, 'training_kept', Math.min),
      over_slo: worst(results, 'over_slo', Math.max),
      over_slo_uncontrolled: worst(results, 'over_slo_uncontrolled', Math.min),
      fill_training_loss: worst(results, 'fill_training_loss', Math.max),
      fill_of_bubble: worst(results, 'fill_of_bubble', Math.min),
      fill_training_loss_uncontrolled: worst(results, 'fill_training_loss_uncontrolled', Math.min),
      ...results,
      nccl_fill_training_loss: nccl.fill_training_loss,
      nccl_fill_of_bubble: nccl.fill_of_bubble,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Training and requests: alone, without control, ours; where the device shares its processors also MPS with halves. */
async function guardedPair(bench: Bench, model: FakeGpuModel): Promise<Record<string, number>> {
  const kept: number[] = []
  const over: number[] = []
  const p99: number[] = []
  const free = { kept: [] as number[], over: [] as number[] }
  const halves = { kept: [] as number[], over: [] as number[] }
  const alone = { over: [] as number[], p99: [] as number[] }
  for (const seed of seeds) {
    const [trained] = await together(bench, model, {}, ({ none }) => [training(none, servedSeconds)])
    const [served] = await together(bench, model, {}, ({ none }) => [serving(none, seed)])
    alone.over.push(overSlo(served!))
    alone.p99.push(served!['p99_ms']!)
    const shared = await together(bench, model, {}, ({ none }) => [training(none, servedSeconds), serving(none, seed)])
    free.kept.push(rate(shared[0]!) / rate(trained!))
    free.over.push(overSlo(shared[1]!))
    if (model === 'processor-sharing') {
      const split = { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: '50' }
      const [halfTrain, halfServe] = await together(bench, model, {}, ({ none }) => [
        training({ ...none, ...split }, servedSeconds),
        serving({ ...none, ...split }, seed),
      ])
      halves.kept.push(rate(halfTrain!) / rate(trained!))
      halves.over.push(overSlo(halfServe!))
    }
    const ours = await together(bench, model, guarded, (to) => [
      training(to['train']!, servedSeconds),
      serving(to['serve']!, seed),
    ])
    kept.push(rate(ours[0]!) / rate(trained!))
    over.push(overSlo(ours[1]!))
    p99.push(ours[1]!['p99_ms']!)
    bench.note(
      `${model}, seed ${seed}: without control ${percent(free.kept)} of training kept, ${percent(free.over)} over; ` +
        `ours ${percent(kept)}, ${percent(over)}, p99 ${p99.at(-1)!.toFixed(1)} ms (alone ${alone.p99.at(-1)!.toFixed(1)})`,
    )
  }
  return {
    training_kept: median(kept),
    over_slo: median(over),
    over_slo_alone: median(alone.over),
    p99_ms: median(p99),
    p99_ms_alone: median(alone.p99),
    training_kept_uncontrolled: median(free.kept),
    over_slo_uncontrolled: median(free.over),
    ...(halves.kept.length === 0
      ? {}
      : { training_kept_mps_halves: median(halves.kept), over_slo_mps_halves: median(halves.over) }),
  }
}

type Filled = Readonly<
  Record<'fill_training_loss' | 'fill_of_bubble' | 'fill_training_loss_uncontrolled' | 'fill_uncontrolled', number>
>

/** Training and a filler that launches ahead: alone, without control, ours. */
async function filledPair(bench: Bench, model: FakeGpuModel, bubble: Bubble, runs: number): Promise<Filled> {
  const loss: number[] = []
  const fill: number[] = []
  const free = { loss: [] as number[], fill: [] as number[] }
  for (let nth = 1; nth <= runs; nth++) {
    const [alone] = await together(bench, model, {}, ({ none }) => [training(none, filledSeconds, bubble)])
    const shared = await together(bench, model, {}, ({ none }) => [
      training(none, filledSeconds, bubble),
      filling(none, bubble),
    ])
    free.loss.push(1 - rate(shared[0]!) / rate(alone!))
    free.fill.push(ofBubble(shared[0]!, shared[1]!))
    const ours = await together(bench, model, filled, (to) => [
      training(to['train']!, filledSeconds, bubble),
      filling(to['fill']!, bubble),
    ])
    loss.push(1 - rate(ours[0]!) / rate(alone!))
    fill.push(ofBubble(ours[0]!, ours[1]!))
    bench.note(
      `${model}, ${bubble} bubbles, run ${nth}: without control ${percent(free.loss)} of training lost, ` +
        `ours ${percent(loss)}, ${percent(fill)} of the bubbles filled`,
    )
  }
  return {
    fill_training_loss: median(loss),
    fill_of_bubble: median(fill),
    fill_training_loss_uncontrolled: median(free.loss),
    fill_uncontrolled: median(free.fill),
  }
}

/** A new device each time, so that nothing is left of the run before; with shares also a manager, and the interposer in each. */
async function together(
  bench: Bench,
  model: FakeGpuModel,
  shares: Readonly<Record<string, ShareOfClient>>,
  runs: (environments: Readonly<Record<string, Environment>> & { readonly none: Environment }) => readonly ClientRun[],
): Promise<Measured[]> {
  const path = join(bench.folder, 'device')
  const gpu = makeFakeGpu(path, { model })
  const device = { FAKE_GPU_FILE: path, CUDA_VISIBLE_DEVICES: gpu.uuid }
  const all = Object.values(shares)
  const { folder, interposer } = bench
  const { uuid: deviceId, memoryBytes } = gpu
  const manager =
    all.length === 0 ? null : await startManager({ folder, interposer, deviceId, memoryBytes, shares: all })
  try {
    const own = Object.entries(shares).map(([name, share]) => [name, { ...device, ...manager?.environmentOf(share) }])
    const environments = Object.fromEntries(own) as Record<string, Environment>
    return await runTogether(bench.fake, runs({ ...environments, none: device }))
  } finally {
    await manager?.stop()
    rmSync(path)
  }
}

/** Iterations a second. */
function rate(measured: Measured): number {
  assert(measured['iterations']! > 0, 'training made no iteration')
  return measured['iterations']! / measured['seconds']!
}

function overSlo(measured: Measured): number {
  assert(measured['requests']! > 0, 'no request was served')
  return measured['over']! / measured['requests']!
}

/** Device time of the filler against what the bubbles of the training's iterations offered. */
function ofBubble(trained: Measured, fill: Measured): number {
  return fill['gpu_ms']! / fill['seconds']! / (rate(trained) * bubbleMs)
}

function worst(
  results: Readonly<Record<string, number>>,
  name: string,
  of: (...values: readonly number[]) => number,
): number {
  return of(...['fifo', 'sharing'].map((prefix) => results[`${prefix}_${name}`]!))
}

function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median needs values')
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function percent(values: readonly number[]): string {
  return `${(values.at(-1)! * 100).toFixed(1)} %`
}
