// One function on one GPU of this machine, from the question to the answer: the interposer is built, a manager kept ticking, the
// searches run, and the answer is remembered. What happens meanwhile is told as events.
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import type { SharedDevice } from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import { probeOverheadMs } from './config.ts'
import { configurationsOf, plainGrid, type Grid } from './grid.ts'
import { searchInferenceShare } from './inference-share.ts'
import { budgetOf } from './inference-search.ts'
import { measureInTime } from './measure-in-time.ts'
import { measureOnDevice, type MeasuringProgram } from './measure-on-device.ts'
import { pointsOf } from './points.ts'
import { Probes, type Probe } from './probes.ts'
import { RememberedProfiles, type AskedOf, type Profile, type ProfileKey } from './remembered.ts'
import { searchTraining } from './training-search.ts'

export type Question = {
  readonly key: Pick<ProfileKey, 'digest' | 'function'>
  readonly program: MeasuringProgram
  /** Of inference; training has none. */
  readonly slo: AskedOf['slo']
  readonly ratePerSecond: number | null
  readonly batches: readonly number[]
  /** Ask again, whatever is remembered. */
  readonly isAnew: boolean
}

export type GpuUnderTest = SharedDevice & {
  readonly model: string
  readonly driverVersion: string
  readonly isMps: boolean
}

export type Event =
  | { readonly kind: 'probe'; readonly probe: Probe; readonly made: number; readonly atMost: number }
  | { readonly kind: 'answer'; readonly profile: Profile; readonly isRemembered: boolean }
  | { readonly kind: 'none'; readonly because: string }

export type Deps = {
  readonly clock: Clock
  readonly monotonicNs: () => number
  readonly random: Random
  readonly log: Log
  readonly signal: AbortSignal
  /** Holds what is remembered and the interposer. */
  readonly folder: string
  readonly tell: (event: Event) => void
}

export async function profileOnDevice(gpu: GpuUnderTest, question: Question, deps: Deps): Promise<void> {
  const remembered = new RememberedProfiles(join(deps.folder, 'profiles.json'), deps.log)
  const key = { ...question.key, deviceModel: gpu.model, driverVersion: gpu.driverVersion, question: askedOf(question) }
  const known = question.isAnew ? null : remembered.find(key)
  if (known !== null) return deps.tell({ kind: 'answer', profile: known, isRemembered: true })
  const library = await buildInterposer({ folder: join(deps.folder, 'interposer') })
  const { clock, monotonicNs, log } = deps
  const sharing = openSharing(
    { folder: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), owner: `${deps.folder}\nprofiler ${process.pid}` },
    { clock, monotonicNs, processes: systemProcesses, log, config: sharingConfig },
  )
  try {
    const { program } = question
    const measure = measureOnDevice({ device: gpu, sharing, library, isMps: gpu.isMps }, program, deps.random)
    const grid: Grid = { ...plainGrid, batch: question.batches }
    const atMost = atMostProbes(question, grid)
    const probes = new Probes({
      measure: measureInTime(measure, clock, 1000 * 3 * program.seconds + probeOverheadMs),
      signal: deps.signal,
      onProbe: (probe, made) => deps.tell({ kind: 'probe', probe, made, atMost }),
    })
    const found = await answerTo(question, grid, probes)
    if (found.kind === 'none') return deps.tell(found)
    const points = question.slo === null ? {} : { points: pointsOf(probes.known, gpu.isMps) }
    const profile = { ...found.profile, ...points, probes: probes.made, atMs: clock.now() }
    remembered.remember(key, profile)
    deps.tell({ kind: 'answer', profile, isRemembered: false })
  } finally {
    sharing.close({ removesFiles: true })
  }
}

type Found = { readonly kind: 'found'; readonly profile: Omit<Profile, 'probes' | 'atMs' | 'points'> }

async function answerTo(
  { slo, ratePerSecond, batches }: Question,
  grid: Grid,
  probes: Probes,
): Promise<Found | { readonly kind: 'none'; readonly because: string }> {
  if (slo === null) {
    const [batch = 1] = batches
    const share = await searchTraining({ probes, smMilli: grid.smMilli, batch })
    if (share === null) return { kind: 'none', because: 'it does not run on a whole GPU: its memory does not fit' }
    const { requestMilli, limitMilli, requestPerSecond, limitPerSecond } = share
    const profile = { requestMilli, limitMilli, requestPerSecond, limitPerSecond, latencyMs: null, batch, instances: 1 }
    return { kind: 'found', profile }
  }
  const rate = ratePerSecond === null ? {} : { ratePerSecond }
  const share = await searchInferenceShare({ probes, grid, sloLatencyMs: slo.latencyMs, ...rate })
  if (share.kind === 'none') return share
  const { request, limit, instances } = share
  const at = await probes.at(request.configuration)
  const profile = {
    requestMilli: request.milli,
    limitMilli: limit.milli,
    requestPerSecond: request.perSecond,
    limitPerSecond: limit.perSecond,
    latencyMs: at?.latencyMs ?? null,
    batch: request.configuration.batch,
    instances,
  }
  return { kind: 'found', profile }
}

/** A share for inference is three searches. */
function atMostProbes({ slo }: Question, grid: Grid): number {
  return slo === null ? grid.smMilli.length : 2 * budgetOf(configurationsOf(grid).length)
}

function askedOf({ slo, ratePerSecond, batches, program }: Question): AskedOf {
  return { slo, ratePerSecond, batches: [...batches], secondsPerProbe: program.seconds }
}
