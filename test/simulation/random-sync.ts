// How a job of the simulator synchronises: any strategy with any of its options. Intervals are short, because jobs are;
// codecs, quorums and graces are what they may be.
import type { SyncSpec } from '#proto/generated/cloudless/v1/SyncSpec.ts'
import { codecNames } from '#proto/sync/settings.ts'
import type { Random } from '#runtime/random.ts'

const plainCodecs = codecNames.filter((name) => name !== 'sparse-loco')
const intervalMax = 12
const graceMinMsMax = 1_000
const graceMaxMsMax = 20_000

export function randomSync(random: Random, regions: number): SyncSpec {
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)]!
  const maybe = (options: SyncSpec, chance = 0.5): SyncSpec => (random.next() < chance ? options : {})
  const interval = 1 + random.integer(intervalMax)
  const late = (): SyncSpec => ({
    ...maybe({ stalenessExponent: random.next() }, 0.2),
    ...maybe({ stalenessMax: 1 + random.integer(50) }, 0.2),
  })
  const rounds = (): SyncSpec => ({
    ...maybe({ quorum: 1 + random.integer(regions) }),
    ...maybe({
      graceMinMs: 1 + random.integer(graceMinMsMax),
      graceMaxMs: graceMinMsMax + random.integer(graceMaxMsMax),
    }),
    ...maybe({ late: 'drop' }, 0.3),
    ...maybe({ pacing: pick(['proportional', 'even']) }),
  })
  const overlapped = (shortest: number): SyncSpec => {
    const merge = pick(['rebase', 'rebase', 'mix', 'overwrite'])
    return {
      fragments: 1 + random.integer(Math.min(4, shortest)),
      merge,
      ...(merge === 'mix' ? { mergeWeight: random.next() } : {}),
    }
  }
  const encoded = (codecs: readonly string[]): SyncSpec => {
    const codec = pick(codecs)
    return codec === 'top-k' || codec === 'sparse-loco' ? { codec, density: 0.05 + 0.95 * random.next() } : { codec }
  }
  const outer = (): SyncSpec => maybe({ outerLearningRate: 0.1 + 0.9 * random.next() })
  switch (pick(strategyMix)) {
    case 'asgd':
      return { strategy: 'asgd', mode: pick(['sum', 'mean']), ...maybe(encoded(codecNames)), ...late() }
    case 'exact asgd-ga':
      return { strategy: 'asgd-ga', interval, mode: 'sum', codec: 'fp32' }
    case 'asgd-ga':
      return { strategy: 'asgd-ga', interval, mode: pick(['sum', 'mean']), ...encoded(codecNames), ...late() }
    case 'asp':
      return { strategy: 'asp', mode: pick(['sum', 'mean']), significance: 0.5 * random.next() + 1e-3, ...late() }
    case 'gossip':
      return { strategy: 'model-averaging', interval, mode: 'asynchronous' }
    case 'model-averaging':
      return { strategy: 'model-averaging', interval, mode: 'synchronous', ...rounds() }
    case 'diloco':
      return { strategy: 'diloco', interval, ...encoded(codecNames), ...outer(), ...rounds() }
    case 'streaming-diloco':
      return {
        strategy: 'streaming-diloco',
        interval,
        ...overlapped(interval),
        ...encoded(codecNames),
        ...outer(),
        ...rounds(),
      }
    case 'hierarchical':
      return { strategy: 'hierarchical', interval, ...overlapped(interval), ...encoded(plainCodecs), ...rounds() }
    case 'auto': {
      const intervalMin = 1 + random.integer(4)
      const bounds = { intervalMin, intervalMax: intervalMin + random.integer(20) }
      return { strategy: 'auto', ...bounds, ...overlapped(intervalMin), ...maybe(encoded(plainCodecs)), ...rounds() }
    }
  }
}

/** Exact ones tell the most about what was applied how often. */
const strategyMix = [
  'asgd',
  'exact asgd-ga',
  'exact asgd-ga',
  'asgd-ga',
  'asp',
  'gossip',
  'model-averaging',
  'diloco',
  'streaming-diloco',
  'streaming-diloco',
  'hierarchical',
  'auto',
  'auto',
] as const
