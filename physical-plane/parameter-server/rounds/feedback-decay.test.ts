// What a contribution leaves out fades by `feedback_decay` before it goes along with the next one (invariant I9).
import { describe, expect, test } from 'vitest'
import { createCodec } from '../sync/codec/create-codec.ts'
import { aLaboratory, train } from './laboratory.fixture.ts'
import { aMember, aPlan, aProposal } from './proposal.fixture.ts'

const density = 0.1

/** What is left after so many rounds that have the contribution in, and what should be. */
async function leftAfter(rounds: number, feedbackDecay: number) {
  const lab = aLaboratory({ codec: 'sparse-loco', density, feedbackDecay })
  const plan = aPlan({ codec: 'sparse-loco', density })
  const codec = createCodec('sparse-loco', { density, memory: lab.memory })
  const expected = new Float64Array(lab.replica.values.length)
  for (let round = 1; round <= rounds; round++) {
    train(lab, 0.1 * round)
    const moved = lab.shared.values.map((value, i) => value - lab.replica.values[i]!)
    const exchange = lab.exchangeOf(plan, round - 1)
    await lab.offer.make(exchange, plan, lab, { nowMs: 0, isOpen: () => true })
    const { contribution, bytes } = lab.offer.pending!
    const sent = lab.memory.allocate(contribution.payload.elements)
    await codec.decode(bytes, sent)
    for (const i of expected.keys()) expected[i] = feedbackDecay * expected[i]! + moved[i]! - sent[i]!
    const cut = lab.shared.cut(exchange.fragments, exchange.fragment)
    const before = lab.shared.gather(lab.shared.values, cut)
    lab.memory.kernels.addScaled(lab.shared.values, sent, -1)
    const own = aMember('a', { contributionId: contribution.id, payload: contribution.payload })
    lab.offer.committed(aProposal({ round, members: [own] }), exchange, cut, before, lab.replica, lab.shared)
    for (const vector of [sent, before]) lab.memory.release(vector)
  }
  return { left: Array.from(lab.offer.save().vectors['residual']!), expected: Array.from(expected) }
}

describe('what was left unsent', () => {
  test.each([1, 0.9, 0.3])('goes along with the next contribution by %d of itself', async (feedbackDecay) => {
    const { left, expected } = await leftAfter(5, feedbackDecay)
    expect(Math.max(...left.map(Math.abs))).toBeGreaterThan(0.01)
    for (const [i, value] of left.entries()) expect(value).toBeCloseTo(expected[i]!, 5)
  })
})
