// That each thing regions must agree on is found where they do not.
import { describe, expect, test } from 'vitest'
import { aStatus } from '#physical-plane/parameter-server/peers/a-peer-side.ts'
import { Records } from '#physical-plane/parameter-server/records.ts'
import { recordOfRound } from '#physical-plane/parameter-server/round-records.ts'
import {
  aContribution,
  aMember,
  aPayload,
  aProposal,
} from '#physical-plane/parameter-server/rounds/proposal.fixture.ts'
import { Members } from '#physical-plane/parameter-server/members.ts'
import type { PeerStatus, Proposal } from '#physical-plane/parameter-server/rounds/types.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Checkers } from './checkers.ts'
import { RoundHistory, type WatchedPartition } from './round-history.ts'

const regions = ['a', 'b']
const members = regions.map((region) => aMember(region, { weight: 0.5 }))
const first = aProposal({ members })
const second = aProposal({ round: 2, members: members.map((member) => ({ ...member, contributionId: 2 })) })

function aHistory(): RoundHistory {
  return new RoundHistory(new Checkers(new VirtualClock()), 'j', regions)
}

function aPartition(region: string, change: Partial<PeerStatus>, stateHash = ''): WatchedPartition {
  const status = aStatus({ committedRound: change.recent?.at(-1)?.round ?? 0, ...change })
  const records = new Records()
  for (const proposal of stateHash === '' ? [] : status.recent) records.add(recordOf(proposal, stateHash))
  return { region, exchange: { status, appliedSeqOf: () => 3 }, records }
}

function recordOf(proposal: Proposal, stateHash: string) {
  const round = { proposal, isMember: true, codec: 'fp32', fragments: 1, steps: 1, samples: 8, codecError: 0 }
  const now = { stalenessSteps: 0, exchangeSeconds: 1, stateHash: Promise.resolve(stateHash) }
  const traffic = { number: 1, bytesSent: 0, bytesReceived: 0, seconds: 1, stallSeconds: 0 }
  const shares = regions.map((region) => ({ region, dataShare: 0.5 }))
  const context = { members: new Members('a', shares), traffic, senders: [], atMs: 0, loss: 1, fraction: 0 }
  return recordOfRound({ ...round, ...now }, stateHash, context)
}

/** What the second region says, after the first one said that round 1 is `first`. */
function says(change: Partial<PeerStatus>, stateHash = 'same'): () => void {
  const history = aHistory()
  history.observe(aPartition('a', { recent: [first], isHub: true, term: 1 }, 'same'))
  return () => history.observe(aPartition('b', { recent: [first], term: 1, ...change }, stateHash))
}

describe('a history of rounds', () => {
  test('takes what regions agree on, also in the name of another hub', () => {
    expect(says({ recent: [{ ...first, term: 2, hub: 'b' }] })).not.toThrow()
    expect(says({ recent: [first, second] })).not.toThrow()
  })

  test('finds two contents of one round', () => {
    expect(says({ recent: [{ ...first, members: members.slice(0, 1) }] })).toThrow(/b committed as round 1 of j/)
  })

  test('finds two states after one round', () => {
    expect(says({}, 'other')).toThrow(/the state after round 1 of j, says b is other, not same/)
  })

  test('finds two hubs in one term', () => {
    expect(says({ isHub: true })).toThrow(/the hub as b sees it is b, not a/)
  })

  test('finds a round that is left out, forgotten or committed after the last one', () => {
    expect(says({ recent: [first, { ...second, round: 3 }] })).toThrow(/round after 1 of j is 3, not 2/)
    expect(says({ committedRound: 2 })).toThrow(/newest round that b tells of/)
    const history = aHistory()
    const last = { ...first, isFinal: true }
    expect(() => history.observe(aPartition('a', { recent: [last, second] }))).toThrow(/comes after the last one/)
  })

  test('finds a contribution in two rounds', () => {
    const again = aProposal({ round: 2, members })
    expect(says({ recent: [first, again] })).toThrow(/the round that has contribution 1 of a .* is 2, not 1/)
  })

  test('takes one of no samples that has the id and content of one that had some', () => {
    const history = aHistory()
    const payload = aPayload()
    const own = [aMember('a', { payload, weight: 1 })]
    const rounds = [1, 2].map((round) => aProposal({ round, members: own, absent: { b: 'late' } }))
    const offers = (samples: number): WatchedPartition =>
      aPartition('a', { contribution: aContribution({ payload, samples }) })
    history.observe(offers(8))
    history.observe(aPartition('b', { recent: rounds.slice(0, 1) }))
    history.observe(offers(0))
    expect(() => history.observe(aPartition('b', { recent: rounds }))).not.toThrow()
    history.observe(offers(8))
    const third = aProposal({ round: 3, members: own, absent: { b: 'late' } })
    const again = aPartition('b', { recent: [...rounds, third] })
    expect(() => history.observe(again)).toThrow(/8 samples is 3, not 1/)
  })

  test('finds a region that is in the round and not, or neither, and shares that are no shares', () => {
    const [one] = members
    expect(says({ recent: [first, { ...second, members: [one!] }] })).toThrow(/regions that round 2 of j tells of is a/)
    const heavy = second.members.map((member) => ({ ...member, weight: 1 }))
    expect(says({ recent: [first, { ...second, members: heavy }] })).toThrow(/weights in round 2 of j is 2/)
  })

  test('finds updates that only some have at the end', () => {
    const history = aHistory()
    history.observe(aPartition('a', { hasFinished: true, lastSeq: 3 }))
    const late = aPartition('b', { hasFinished: true, lastSeq: 4 })
    expect(() => history.observe(late)).toThrow(/updates of b in b is 4, not 3/)
  })

  test('adds up the samples that rounds have of a region, of the fragment that has least', () => {
    const history = aHistory()
    const payload = aPayload()
    for (const id of [1, 2]) {
      history.observe(aPartition('a', { contribution: aContribution({ id, payload, samples: 5 * id }) }))
    }
    const onlyA = (id: number): Proposal['members'] => [aMember('a', { contributionId: id, payload, weight: 1 })]
    const round = aProposal({ members: onlyA(1), absent: { b: 'late' } })
    const last = aProposal({ round: 2, members: onlyA(2), absent: { b: 'late' }, isFinal: true })
    history.observe(aPartition('b', { recent: [round] }))
    expect(history.isFinished).toBe(false)
    history.observe(aPartition('b', { recent: [round, last] }))
    expect(history.isFinished).toBe(true)
    expect(history.sharedSamples('a')).toBe(15)
    expect(history.sharedSamples('b')).toBe(0)
  })
})
