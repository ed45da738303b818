// A round that leaves a contribution out, or is never committed, is as if the contribution had not been made (I18).
import { describe, expect, test } from 'vitest'
import { codecNames, type CodecName } from '#proto/sync/settings.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import { aLaboratory, bitsOf, train, type ALaboratory } from './laboratory.fixture.ts'
import { firstOfferState, Offer } from './offer.ts'
import { aMember, aPlan, aProposal } from './proposal.fixture.ts'
import type { Proposal } from './types.ts'

const lossy = codecNames.filter((codec) => codec !== 'fp32')
const isOpen = (): boolean => true

async function make(lab: ALaboratory, codec: CodecName, committedRound = 0) {
  const plan = aPlan({ codec, density: 0.1 })
  const exchange = lab.exchangeOf(plan, committedRound)
  await lab.offer.make(exchange, plan, lab, { nowMs: 0, isOpen })
  const { contribution } = lab.offer.pending!
  return { exchange, contribution, cut: lab.shared.cut(exchange.fragments, exchange.fragment) }
}

/** Applies a round whose result is `moved`, which has the lab's own contribution in or not. */
function commit(
  lab: ALaboratory,
  { exchange, contribution, cut }: Awaited<ReturnType<typeof make>>,
  { isIn = true, isFinal = false, moved = 0 }: { isIn?: boolean; isFinal?: boolean; moved?: number } = {},
): boolean {
  const before = lab.shared.gather(lab.shared.values, cut)
  for (const i of lab.shared.values.keys()) lab.shared.values[i]! += moved
  const own = aMember('a', { contributionId: contribution.id, payload: contribution.payload })
  const proposal: Proposal = aProposal({
    round: exchange.round,
    isFinal,
    members: [...(isIn ? [own] : []), aMember('b')],
  })
  const isMember = lab.offer.committed(proposal, { ...exchange, isFinal }, cut, before, lab.replica, lab.shared)
  lab.memory.release(before)
  return isMember
}

describe('a contribution', () => {
  test.each(codecNames)('in %s is what the replica moved, and the residual what the encoding lost', async (codec) => {
    const lab = aLaboratory({ codec, density: 0.1 })
    train(lab, 0.5)
    const { contribution, cut } = await make(lab, codec)
    const decoded = new Float32Array(cut.elements)
    const bytes = lab.payloads.get(contribution.payload.sha256)!
    await createCodec(codec, { density: 0.1, memory: lab.memory }).decode(bytes.slice(), decoded)
    const next = lab.offer.save().vectors['next-residual']
    for (const [i, value] of decoded.entries()) {
      expect(value + (next?.[i] ?? 0)).toBeCloseTo(lab.shared.values[i]! - lab.replica.values[i]!, 5)
    }
    expect(contribution).toMatchObject({ id: 1, round: 1, steps: 1, samples: 1, weight: 1, cursor: '{"at":1}' })
  })

  test('is due after its interval, and with what is left at the end, and not while one is pending', async () => {
    const lab = aLaboratory()
    const exchange = lab.exchangeOf(aPlan())
    train(lab, 0.1)
    expect([lab.offer.isDue(exchange, 2), lab.offer.isDue(exchange, 1)]).toEqual([false, true])
    lab.host.hasDrained = true
    expect(lab.offer.isDue(exchange, 2)).toBe(true)
    const made = await make(lab, 'int8')
    expect(lab.offer.isDue(exchange, 1)).toBe(false)
    commit(lab, made)
    expect(lab.offer.isDue(exchange, 1)).toBe(false)
    const last = lab.exchangeOf(aPlan({ isFinalNext: true }), 1)
    expect(lab.offer.isDue(last, 1)).toBe(true)
    lab.host.isReadyForFinal = false
    expect(lab.offer.isDue(last, 1)).toBe(false)
  })

  test('is offered once the checkpoint that holds it is durable', async () => {
    const lab = aLaboratory()
    train(lab, 0.1)
    const { contribution } = await make(lab, 'int8')
    expect([lab.offer.published, lab.told.checkpoints]).toEqual([null, 1])
    expect([lab.offer.settle(7), lab.offer.published]).toEqual([false, null])
    expect([lab.offer.settle(1), lab.offer.published]).toEqual([true, contribution])
  })

  test('of what diverged fails the partition by the name of its tensor; nothing is offered', async () => {
    const lab = aLaboratory()
    train(lab, 0.1)
    lab.replica.values[301] = Number.NaN
    const plan = aPlan({ codec: 'int8' })
    await lab.offer.make(lab.exchangeOf(plan), plan, lab, { nowMs: 0, isOpen })
    expect(lab.told.failures).toHaveLength(1)
    expect(lab.told.failures[0]).toContain('tensor second')
    expect([lab.offer.pending, lab.offer.isMaking]).toEqual([null, false])
  })
})

describe('a round without this region', () => {
  test.each(lossy)('that was never committed changes no bit, in %s', async (codec) => {
    const lab = aLaboratory({ codec, density: 0.1 })
    train(lab, 0.5)
    const first = await make(lab, codec)
    commit(lab, first, { moved: 0.25 })
    train(lab, 0.75)
    const before = bitsOf(lab)
    const usedBytes = lab.memory.usedBytes
    await make(lab, codec, 1)
    lab.offer.missed()
    expect(bitsOf(lab)).toBe(before)
    lab.payloads.forgetBefore(3)
    expect(lab.memory.usedBytes).toBeLessThan(usedBytes)
  })

  test('is as if nothing had been offered: neither residual nor replica knows', async () => {
    const [offered, silent] = [aLaboratory({ codec: 'int4' }), aLaboratory({ codec: 'int4' })]
    for (const lab of [offered, silent]) {
      train(lab, 0.5)
      commit(lab, await make(lab, 'int4'), { moved: 0.5 })
      train(lab, 0.25)
    }
    const late = await make(offered, 'int4', 1)
    train(offered, 0.125)
    train(silent, 0.125)
    expect(commit(offered, late, { isIn: false, moved: 0.75 })).toBe(false)
    commit(silent, late, { isIn: false, moved: 0.75 })
    expect(bitsOf(offered)).toBe(bitsOf(silent))
    expect([offered.offer.late, silent.offer.late]).toEqual([
      { carried: 1, dropped: 0 },
      { carried: 0, dropped: 0 },
    ])
    // What it had to say is due again at once, with all its steps.
    expect(offered.offer.isDue(offered.exchangeOf(aPlan(), 2), 2)).toBe(true)
    const next = await make(offered, 'int4', 2)
    expect(next.contribution).toMatchObject({ id: 3, steps: 2, samples: 2 })
  })

  test('drops what came too late where the job says so, counted; the region goes on from what is shared', async () => {
    const lab = aLaboratory({ late: 'drop' })
    train(lab, 0.5)
    const late = await make(lab, 'int8')
    train(lab, 0.5)
    commit(lab, late, { isIn: false, moved: 0.5 })
    expect(lab.offer.late).toEqual({ carried: 0, dropped: 1 })
    expect(lab.replica.values).toEqual(lab.shared.values)
    expect(lab.offer.isDue(lab.exchangeOf(aPlan(), 1), 1)).toBe(false)
  })
})

describe('a round with this region', () => {
  test('keeps the steps made meanwhile, and takes the residual of the encoding over', async () => {
    const lab = aLaboratory({ codec: 'int8' })
    train(lab, 0.5)
    const made = await make(lab, 'int8')
    const sent = lab.replica.values.slice()
    const next = lab.offer.save().vectors['next-residual']!.slice()
    train(lab, 0.25)
    const local = lab.replica.values.slice()
    expect(commit(lab, made, { moved: 0.5 })).toBe(true)
    for (const [i, value] of lab.replica.values.entries()) {
      expect(value).toBeCloseTo(lab.shared.values[i]! + local[i]! - sent[i]!, 5)
    }
    expect(lab.offer.save().vectors).toEqual({ residual: next })
    expect(lab.offer.pending).toBeNull()
  })

  test('that is the last one leaves everybody with what is shared, in it or not', async () => {
    for (const isIn of [true, false]) {
      const lab = aLaboratory()
      train(lab, 0.5)
      const made = await make(lab, 'int8')
      commit(lab, made, { isIn, isFinal: true, moved: 0.5 })
      for (const [i, value] of lab.replica.values.entries()) expect(value).toBeCloseTo(lab.shared.values[i]!, 6)
    }
  })

  test('uses no more memory, round after round', async () => {
    const lab = aLaboratory({ codec: 'int8' })
    const used: number[] = []
    for (let round = 0; round < 6; round++) {
      train(lab, 0.5)
      commit(lab, await make(lab, 'int8', round), { isIn: round % 3 !== 2, moved: 0.125 })
      lab.payloads.forgetBefore(round)
      used.push(lab.memory.usedBytes)
    }
    expect(new Set(used.slice(2)).size).toBe(1)
    expect(lab.shelf.bytes).toBeLessThan(4 * lab.replica.values.byteLength)
  })
})

describe('a plan with another number of fragments', () => {
  test.each([
    [4, 2],
    [1, 4],
  ])('of %i, then %i, leaves no sample without weight, in any part of the model (I17)', async (before, after) => {
    const lab = aLaboratory({ strategy: 'streaming-diloco', fragments: 4, interval: 4 })
    let round = 0
    const next = async (fragments: number) => {
      train(lab, 0.5)
      const plan = aPlan({ codec: 'int8', fragments })
      const exchange = lab.exchangeOf(plan, round)
      await lab.offer.make(exchange, plan, lab, { nowMs: 0, isOpen })
      const { contribution } = lab.offer.pending!
      commit(lab, { exchange, contribution, cut: lab.shared.cut(fragments, exchange.fragment) })
      round += 1
      return contribution.samples
    }
    const weights: number[] = []
    for (let i = 0; i < 4; i++) weights.push(await next(before))
    expect(weights).toEqual(before === 4 ? [1, 2, 3, 4] : [1, 1, 1, 1])
    const later: number[] = []
    for (let i = 0; i < 2 * after; i++) later.push(await next(after))
    // The first of each part covers everything since the part that was exchanged the longest ago.
    expect(later).toEqual(before === 4 ? [4, 5, 2, 2] : [1, 2, 3, 4, 4, 4, 4, 4])
  })
})

describe('a residual', () => {
  test('that a lossy codec left is taken along by an exact one, and nothing stays untold', async () => {
    const lab = aLaboratory({ codec: 'int4' })
    const told = new Float64Array(lab.replica.elementCount)
    const start = lab.replica.values.slice()
    for (const [round, codec] of (['int4', 'fp32', 'int4', 'fp32'] as const).entries()) {
      train(lab, 0.5)
      const made = await make(lab, codec, round)
      const decoded = new Float32Array(made.cut.elements)
      const bytes = lab.payloads.get(made.contribution.payload.sha256)!
      await createCodec(codec, { density: 0.1, memory: lab.memory }).decode(bytes.slice(), decoded)
      // What is shared follows the replica, so the next contribution is only of the next step.
      for (const [i, value] of decoded.entries()) told[i] = told[i]! + value
      lab.shared.values.set(lab.replica.values)
      commit(lab, made)
      const left = lab.offer.save().vectors['residual']!.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      expect(left > 0).toBe(codec === 'int4')
    }
    for (const [i, value] of lab.replica.values.entries()) expect(told[i]).toBeCloseTo(start[i]! - value, 5)
  })
})

describe('a snapshot', () => {
  test('that does not have what was offered leaves it due again, where late work is carried', async () => {
    const lab = aLaboratory()
    for (let i = 0; i < 3; i++) train(lab, 0.5)
    await make(lab, 'int8')
    lab.offer.rejoin(0, lab.replica.values.slice(), lab.shared, true)
    expect([lab.offer.late, lab.offer.pending]).toEqual([{ carried: 1, dropped: 0 }, null])
    expect(lab.offer.isDue(lab.exchangeOf(aPlan(), 8), 3)).toBe(true)
    expect((await make(lab, 'int8', 8)).contribution).toMatchObject({ id: 2, steps: 3, samples: 3 })
  })

  test('that has what was offered counts it as told', async () => {
    const lab = aLaboratory()
    for (let i = 0; i < 3; i++) train(lab, 0.5)
    await make(lab, 'int8')
    train(lab, 0.5)
    lab.offer.rejoin(1, lab.replica.values.slice(), lab.shared, true)
    expect(lab.offer.late).toEqual({ carried: 0, dropped: 0 })
    expect((await make(lab, 'int8', 8)).contribution).toMatchObject({ id: 2, steps: 1, samples: 1 })
  })

  test('drops what it does not have where late work is dropped, counted; no sample of it is due any more', async () => {
    const lab = aLaboratory({ late: 'drop' })
    for (let i = 0; i < 3; i++) train(lab, 0.5)
    await make(lab, 'int8')
    lab.offer.rejoin(0, lab.replica.values.slice(), lab.shared, false)
    expect(lab.offer.late).toEqual({ carried: 0, dropped: 1 })
    expect(lab.offer.isDue(lab.exchangeOf(aPlan(), 8), 1)).toBe(false)
    train(lab, 0.5)
    expect((await make(lab, 'int8', 8)).contribution).toMatchObject({ id: 2, steps: 1, samples: 1 })
  })
})

describe('a crash', () => {
  test('keeps what was offered: the restored one commits to the same bits', async () => {
    const lab = aLaboratory({ codec: 'int8' })
    train(lab, 0.5)
    commit(lab, await make(lab, 'int8'), { moved: 0.5 })
    train(lab, 0.25)
    const made = await make(lab, 'int8', 1)
    const { state, vectors } = lab.offer.save()
    const kept = Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, values.slice()]))
    const again = { ...lab, offer: new Offer(lab.offerParts, JSON.parse(JSON.stringify(state)) as typeof state) }
    again.offer.restore(JSON.parse(JSON.stringify(state)) as typeof state, kept, lab.replica, lab.shared, 5)
    expect(again.offer.published).toEqual(made.contribution)
    expect(bitsOf(again)).toBe(bitsOf(lab))
    const [replica, shared] = [lab.replica.values.slice(), lab.shared.values.slice()]
    commit(lab, made, { moved: 0.5 })
    const after = bitsOf(lab)
    lab.replica.values.set(replica)
    lab.shared.values.set(shared)
    commit(again, made, { moved: 0.5 })
    expect(bitsOf(again)).toBe(after)
  })

  test('ids go on after those that others have seen', () => {
    const { offerParts, shared, replica } = aLaboratory()
    const offer = new Offer(offerParts, firstOfferState)
    offer.rejoin(41, replica.values.slice(), shared, true)
    expect(offer.save().state.nextId).toBe(42)
  })
})
