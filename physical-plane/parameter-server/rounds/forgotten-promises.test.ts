// A region that lost its disk may have voted, and accepted what was committed then, without knowing it: it does nothing
// that it might have promised not to do.
import { describe, expect, test } from 'vitest'
import { aStatus } from '../peers/a-peer-side.ts'
import { Agreement, firstState, type View } from './agreement.ts'
import { quietMs } from './config.ts'
import { aProposal } from './proposal.fixture.ts'
import type { PeerStatus } from './types.ts'

const electorate = ['a', 'b', 'c']

/** What `b` sees of `a` and `c`; it hears those that are named. */
function seen(a: Partial<PeerStatus>, c: Partial<PeerStatus>, heard: readonly string[] = ['a', 'c'], nowMs = 0): View {
  const statuses = new Map([
    ['a', aStatus(a)],
    ['c', aStatus(c)],
  ])
  return { electorate, regionsTotal: 3, statuses, hears: (region) => heard.includes(region), nowMs }
}

/** `b` after its disk was lost in term 3, with a snapshot of round 4. */
function forgetful(view: View): Agreement {
  const agreement = new Agreement('b', firstState, 0)
  agreement.jump(4, 2)
  agreement.forget(view)
  agreement.settle(agreement.state, view.nowMs)
  return agreement
}

function vote(agreement: Agreement, view: View): string {
  while (agreement.advance(view));
  return agreement.state.votedFor
}

const complete = { committedRound: 4, committedTerm: 2 }
const candidate = { ...complete, term: 4, isCandidate: true }

describe('who lost its disk', () => {
  test('votes in no term in which it may have voted', () => {
    const asking = { ...complete, term: 3, isCandidate: true }
    const view = seen(asking, { ...complete, term: 3 })
    expect(vote(forgetful(view), view)).not.toBe('a')
  })

  test('votes in a later term for who lacks nothing that others have', () => {
    const before = seen({ ...complete, term: 3 }, { ...complete, term: 3 })
    expect(vote(forgetful(before), seen(candidate, complete))).toBe('a')
    const accepted = aProposal({ term: 3, round: 5 })
    expect(vote(forgetful(before), seen(candidate, { ...complete, accepted }))).not.toBe('a')
    expect(vote(forgetful(before), seen(candidate, { committedRound: 5, committedTerm: 3 }))).not.toBe('a')
  })

  test('votes for nobody while it does not hear enough of the others to know', () => {
    const before = seen({ ...complete, term: 3 }, { ...complete, term: 3 })
    expect(vote(forgetful(before), seen(candidate, complete, ['a']))).not.toBe('a')
  })

  test('does not stand itself while others may have more', () => {
    const later = 100 * quietMs
    const before = seen({ ...complete, term: 3 }, { ...complete, term: 3 })
    const behind = forgetful(before)
    vote(behind, seen(complete, { committedRound: 5, committedTerm: 3 }, ['a', 'c'], later))
    expect(behind.isCandidate).toBe(false)
    const alone = forgetful(before)
    vote(alone, seen(complete, complete, ['a'], later))
    expect(alone.isCandidate).toBe(false)
    const equal = forgetful(before)
    vote(equal, seen(complete, complete, ['a', 'c'], later))
    expect(equal.isCandidate).toBe(true)
  })

  test('is like the others again after a round of a term in which it had promised nothing', () => {
    const agreement = forgetful(seen({ ...complete, term: 3 }, { ...complete, term: 3 }))
    agreement.commit(aProposal({ term: 3, round: 5 }))
    expect(agreement.state.forgottenTerm).toBe(3)
    agreement.commit(aProposal({ term: 4, round: 6 }))
    expect(agreement.state.forgottenTerm).toBeNull()
    const onlyA = seen({ committedRound: 6, committedTerm: 4, term: 5, isCandidate: true }, complete, ['a'])
    expect(vote(agreement, onlyA)).toBe('a')
  })
})
