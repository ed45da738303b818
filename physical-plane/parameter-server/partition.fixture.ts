// One partition for tests: its layout, its settings, and gradients whose sums are exact.
import type { SyncContext } from '#proto/sync/check-sync.ts'
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import { strategies, type Strategies } from '#proto/sync/strategies.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import { Partition } from './partition.ts'
import type { PartitionLinks, PartitionOptions } from './partition-options.ts'
import type { Layout, ParameterGroup } from './replica/layout.ts'
import { VectorMemory } from './replica/memory.ts'

export type GradientOf = (at: {
  readonly region: string
  readonly epoch: number
  readonly position: number
  readonly values: Float32Array
}) => readonly number[]

export function aLayout(
  parameters: number,
  options: { buffers?: number; kind?: 'sgd' | 'adamw'; group?: Partial<ParameterGroup> } = {},
): Layout {
  const tensor = (name: string, length: number, isBuffer: boolean) => {
    return { name, shape: [length], length, group: 0, isBuffer, dtype: 'float32' }
  }
  const group = {
    learningRate: 0.125,
    weightDecay: 0,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    ...options.group,
  }
  const buffers = options.buffers === undefined ? [] : [tensor('running', options.buffers, true)]
  return {
    tensors: [tensor('weight', parameters, false), ...buffers],
    optimiser: { kind: options.kind ?? 'sgd', groups: [group] },
  }
}

/** Of a strategy of `strategies`, or of those that jobs may name. */
export type ChosenSync = GivenSync & { readonly strategy: string; readonly strategies?: Strategies }

export function sync(strategy: string, options: GivenSync = {}): ChosenSync {
  return { ...options, strategy }
}

function settingsOf(given: GivenSync, context: SyncContext): SyncSettings {
  const { settings, violations } = resolveSync(given, context)
  if (violations.length > 0) throw new Error(JSON.stringify(violations))
  return settings
}

/** Options of a partition whose strategy is resolved for so many regions. */
export function optionsOf(
  { strategies: known = strategies, ...given }: GivenSync & { readonly strategies?: Strategies },
  options: Pick<PartitionOptions, 'region' | 'members' | 'samples'> & Partial<PartitionOptions>,
): PartitionOptions {
  const settings = settingsOf(given, { regions: options.members.length, strategies: known })
  return {
    jobId: 'job',
    epochs: 1,
    leaseSamples: 8,
    stallTimeoutMs: 60_000,
    workerMode: 'asynchronous',
    sync: settings,
    parts: known.get(settings.strategy)!.parts(settings),
    attempt: 1,
    seed: 7,
    moves: 0,
    hasHoldout: false,
    ...options,
  }
}

/** A partition on a virtual clock, of four samples; the others of `regions` are silent unless the test speaks for them. */
export async function aPartition(
  region: string,
  regions: readonly string[],
  given: {
    readonly sync?: GivenSync
    readonly options?: Partial<PartitionOptions>
    readonly links?: Partial<PartitionLinks>
  } = {},
): Promise<{ readonly partition: Partition; readonly clock: VirtualClock; readonly memory: VectorMemory }> {
  const clock = new VirtualClock()
  const memory = VectorMemory.create(2 ** 16)
  const members = regions.map((name) => ({ region: name, dataShare: 1 / regions.length }))
  const options = { region, members, samples: 4, leaseSamples: 4, ...given.options }
  const partition = await Partition.open(optionsOf(given.sync ?? sync('asgd'), options), {
    clock,
    memory,
    log: silentLog,
    random: seededRandom(1),
    checkpoints: memoryCheckpoints(),
    fetcher: { fetch: () => new Promise(() => {}) },
    publishModel: () => Promise.resolve('model.safetensors'),
    ...given.links,
  })
  return { partition, clock, memory }
}

/** Small whole numbers that depend on everything, so that sums in float32 are exact in any order. */
export const wholeGradients: GradientOf = ({ region, epoch, position, values }) =>
  Array.from(
    values,
    (_, i) => ((region.charCodeAt(region.length - 1) * 31 + epoch * 17 + position * 7 + i * 5) % 9) - 4,
  )
