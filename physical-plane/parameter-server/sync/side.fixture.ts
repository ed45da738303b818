// One region's side of a strategy for tests: a replica, local steps, and what it seals, without a partition around it.
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { VectorMemory } from '../replica/memory.ts'
import type { Layout } from '../replica/layout.ts'
import { Replica } from '../replica/replica.ts'
import { createStrategy } from './create-strategy.ts'
import type { UpdateHeader } from './update.ts'
import type { UpdateStrategy } from './update-strategy.ts'

export type Sealed = { readonly header: UpdateHeader; readonly bytes: Uint8Array }

export type Side = {
  readonly region: string
  readonly replica: Replica
  readonly memory: VectorMemory
  readonly strategy: UpdateStrategy
  /** Updates of others that were too stale. */
  readonly dropped: { readonly region: string; readonly stalenessSteps: number }[]
  readonly versions: Record<string, number>
}

export function aSide(
  given: GivenSync,
  layout: Layout,
  initial: readonly number[],
  options: { readonly region?: string; readonly members?: readonly string[]; readonly dataShare?: number } = {},
): Side {
  const { region = 'a', members = ['a', 'b'], dataShare = 1 / members.length } = options
  const memory = VectorMemory.create(2 ** 18)
  const replica = Replica.create(layout, memory)
  replica.values.set(initial)
  const { settings } = resolveSync(given, { regions: members.length })
  const dropped: { region: string; stalenessSteps: number }[] = []
  const versions: Record<string, number> = {}
  const strategy = createStrategy(strategies.get(settings.strategy)!.parts(settings), {
    settings,
    region,
    dataShare,
    replica,
    memory,
    seed: 5,
    members: () => members,
    versions: () => ({ ...versions }),
    dropped: (from, stalenessSteps) => dropped.push({ region: from, stalenessSteps }),
  })
  strategy.start()
  return { region, replica, memory, strategy, dropped, versions }
}

export function step({ replica, strategy }: Side, gradient: readonly number[], rate = 0.5): void {
  const values = Float32Array.from(gradient)
  const learningRates = [rate * strategy.rateScale]
  replica.applyStep(values, learningRates, strategy.bufferWeight)
  strategy.stepped({ gradient: values, learningRates, samples: 1 })
}

export async function seal({ region, strategy }: Side, seq = 1, isLast = false): Promise<Sealed> {
  const { encoded, ...draft } = await strategy.prepare(isLast)
  const { bytes, codec, elements } = encoded
  strategy.sealed(seq)
  const payload = { sha256: '', bytes: bytes.byteLength, codec, elements }
  return { header: { ...draft, region, seq, payload, cursor: '' }, bytes: bytes.slice() }
}

export async function receive(side: Side, { header, bytes }: Sealed): Promise<void> {
  const values = side.memory.allocate(side.replica.elementCount)
  await side.strategy.decodes(header, bytes, values)
  side.strategy.receive(header, values)
  side.memory.release(values)
  side.versions[header.region] = header.seq
}
