// One region's rounds for tests, part by part: memory, a replica, what is shared, payloads on a shelf, and a host that is a
// plain object with a record of what it was told.
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { Shelf } from '../peers/shelf.ts'
import { aGroup, aLayout, aTensor } from '../replica/a-layout.ts'
import { VectorMemory } from '../replica/memory.ts'
import { Replica } from '../replica/replica.ts'
import type { RoundsHost } from './host.ts'
import { firstOfferState, nextExchange, Offer, type Exchange } from './offer.ts'
import { Payloads } from './payloads.ts'
import { aPlan } from './proposal.fixture.ts'
import { SharedParameters } from './shared-parameters.ts'
import type { RoundPlan } from './types.ts'

export type ALaboratory = ReturnType<typeof aLaboratory>

export const layout = aLayout(
  [aTensor({ name: 'first', shape: [300] }), aTensor({ name: 'second', shape: [4, 50] })],
  [aGroup({ momentum: 0 })],
)

export function aLaboratory(given: GivenSync = {}, region = 'a') {
  const { settings } = resolveSync({ strategy: 'diloco', ...given }, { regions: 3 })
  const parts = strategies.get(settings.strategy)!.parts(settings)
  const memory = VectorMemory.create(2 ** 20)
  const replica = Replica.create(layout, memory)
  replica.values.set(Array.from(replica.values, (_, i) => Math.sin(i)))
  const shared = new SharedParameters(parts.apply === 'mean' ? 'mean' : 'outer-nesterov', replica, memory)
  shared.start()
  const shelf = new Shelf()
  const payloads = new Payloads(shelf)
  const told: { readonly failures: string[]; checkpoints: number } = { failures: [], checkpoints: 0 }
  const host = {
    region,
    replica,
    hasDrained: false,
    isReadyForFinal: true,
    finalMass: 0.5,
    cursor: '{"at":1}',
    requestCheckpoint: () => void (told.checkpoints += 1),
    advance: () => {},
    fail: (_: string, text: string) => void told.failures.push(text),
  }
  const offerParts = { settings, parts, host: host as typeof host & RoundsHost, memory, payloads }
  const offer = new Offer(offerParts, firstOfferState)
  const exchangeOf = (plan: RoundPlan, committedRound = 0): Exchange => nextExchange(plan, committedRound, parts)
  return { settings, parts, memory, replica, shared, shelf, payloads, host, told, offer, offerParts, exchangeOf, aPlan }
}

/** One local step: everything moves, each element by its own amount. */
export function train({ replica, offer }: ALaboratory, amount: number): void {
  for (const i of replica.values.keys()) replica.values[i]! += amount * Math.cos(7 * i + amount)
  offer.stepped(1)
}

/** The bits of everything that a round may change. */
export function bitsOf({ replica, shared, offer }: ALaboratory): string {
  const { state, vectors } = offer.save()
  const all = { values: replica.values, ...shared.vectors(), ...vectors }
  const bits = Object.entries(all).map(([name, values]) => [
    name,
    Buffer.from(new Float32Array(values).buffer).toString('hex'),
  ])
  return JSON.stringify([bits, state.includedSamples, state.steps, state.samples])
}
