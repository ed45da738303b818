// What the hub makes of the contributions that have arrived: memory goes back whatever fails, what is gone is not read, and
// what encodings left out is told once a plan is exact.
import { describe, expect, test } from 'vitest'
import type { CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import { Arrivals } from './arrivals.ts'
import { Closer, type ProposalInput } from './closer.ts'
import { aLaboratory, train } from './laboratory.fixture.ts'
import { makeContribution } from './make-contribution.ts'
import { aContribution, aMember, aPayload, aPlan } from './proposal.fixture.ts'
import type { Proposal } from './types.ts'

const theirs = aContribution({ payload: aPayload({ sha256: 'cd'.repeat(32) }) })

async function aHub() {
  const lab = aLaboratory({ codec: 'int8' })
  const { memory, shared, payloads, offer } = lab
  const arrivals = new Arrivals(memory)
  const closer = new Closer(memory, payloads, arrivals)
  const make = async (codec: CodecName, committedRound = 0) => {
    const plan = aPlan({ codec })
    const exchange = lab.exchangeOf(plan, committedRound)
    train(lab, 0.5)
    await offer.make(exchange, plan, lab, { nowMs: 0, isOpen: () => true })
    return { plan, exchange }
  }
  const arrive = (region: string, value: number): void => {
    const decoded = memory.allocate(lab.replica.elementCount)
    decoded.fill(value)
    arrivals.add(region, { contribution: theirs, decoded }, 0)
  }
  const inputOf = ({ plan, exchange }: Awaited<ReturnType<typeof make>>): ProposalInput => ({
    own: 'a',
    term: 1,
    exchange,
    plan,
    nextPlan: plan,
    cut: shared.cut(1, 0),
    closing: { members: ['a', 'b'], absent: {} },
    ownOffer: offer.pending,
    isPairwise: false,
    isLossy: true,
  })
  const propose = (input: ProposalInput): Promise<Proposal | null> =>
    closer.propose(input, shared, lab.replica.elementCount)
  return { ...lab, arrivals, closer, make, arrive, inputOf, propose }
}

describe('the hub', () => {
  test('proposes nothing of contributions that are gone when it comes to read them', async () => {
    const hub = await aHub()
    const made = await hub.make('int8')
    const usedBytes = hub.memory.usedBytes
    hub.arrive('b', 1)
    const proposing = hub.propose(hub.inputOf(made))
    // Another hub's proposal for the round was committed meanwhile: what has arrived is used for something else.
    hub.arrivals.close([], 0)
    expect(await proposing).toBeNull()
    expect(hub.memory.usedBytes).toBe(usedBytes)

    hub.arrive('b', 1)
    const replacing = hub.propose(hub.inputOf(made))
    const another = hub.memory.allocate(hub.replica.elementCount)
    const contribution = { ...theirs, payload: aPayload({ sha256: 'ef'.repeat(32) }) }
    hub.arrivals.add('b', { contribution, decoded: another }, 0)
    expect(await replacing).toBeNull()
  })

  test('gives all memory back where the mean is not finite', async () => {
    const hub = await aHub()
    const made = await hub.make('int8')
    hub.arrive('b', Number.NaN)
    const usedBytes = hub.memory.usedBytes
    await expect(hub.propose(hub.inputOf(made))).rejects.toMatchObject({ reason: 'DIVERGED' })
    // The first time it makes room for its residual, which stays.
    const residualBytes = hub.memory.usedBytes - usedBytes
    await expect(hub.propose(hub.inputOf(made))).rejects.toMatchObject({ reason: 'DIVERGED' })
    expect(hub.memory.usedBytes - usedBytes).toBe(residualBytes)
    expect(hub.closer.save().vectors['residual']).toHaveLength(hub.replica.elementCount)
  })

  test('tells what lossy plans left out once the plan is exact, and nothing stays behind', async () => {
    const hub = await aHub()
    const lossy = await hub.make('int4')
    hub.arrive('b', 0.25)
    const first = await hub.propose(hub.inputOf(lossy))
    hub.closer.committed(first!, hub.shared)
    const left = Float32Array.from(hub.closer.save().vectors['residual']!)
    expect(left.some((value) => value !== 0)).toBe(true)
    hub.offer.missed()
    const exact = await hub.make('fp32', 1)
    const own = await read(hub, hub.offer.pending!.bytes)
    const second = await hub.propose(hub.inputOf(exact))
    const result = await read(hub, hub.payloads.get(second!.result!.sha256)!)
    const [ownShare, theirShare] = second!.members.map(({ weight }) => weight)
    for (const [i, value] of result.entries()) {
      expect(value).toBeCloseTo(ownShare! * own[i]! + theirShare! * 0.25 + left[i]!, 5)
    }
    hub.closer.committed(second!, hub.shared)
    expect(hub.closer.save().vectors['residual']!.every((value) => value === 0)).toBe(true)
  })
})

async function read({ memory, replica }: Awaited<ReturnType<typeof aHub>>, bytes: Uint8Array): Promise<Float32Array> {
  const vector = memory.allocate(replica.elementCount)
  await createCodec('fp32', { density: 1, memory }).decode(bytes, vector)
  return vector
}

test('a mean of which one part can not be had gives the other parts back, however late they come', async () => {
  const { closer, memory } = await aHub()
  const usedBytes = memory.usedBytes
  const late = Promise.withResolvers<void>()
  const meaning = closer.mean(
    [aMember('a'), aMember('b')],
    async ({ region }) => {
      if (region === 'a') throw new CloudlessError('not-found', 'OBJECT_GONE', 'gone')
      await late.promise
      return memory.allocate(4)
    },
    4,
  )
  late.resolve()
  await expect(meaning).rejects.toMatchObject({ reason: 'OBJECT_GONE' })
  expect(memory.usedBytes).toBe(usedBytes)
})

test('a contribution that can not be encoded gives all memory back', async () => {
  const lab = aLaboratory()
  const cut = lab.shared.cut(1, 0)
  const usedBytes = lab.memory.usedBytes
  const input = {
    id: 1,
    round: 1,
    fragment: 0,
    cut,
    what: 'delta',
    codec: 'top-k',
    keep: 1,
    steps: 1,
    samples: 1,
    weight: 1,
  } as const
  const rest = { cursor: '{}', stepsBefore: 1, samplesBefore: 1, nowMs: 0 }
  const residual = lab.memory.allocate(lab.replica.elementCount)
  // No codec is made for such a density.
  const made = makeContribution({ ...input, ...rest, plan: aPlan({ density: 0 }) }, { ...lab, residual })
  await expect(made).rejects.toThrow('density')
  lab.memory.release(residual)
  expect(lab.memory.usedBytes).toBe(usedBytes)
})
