// Builders of what regions tell each other about rounds, for tests.
import type { Contribution, Payload, Proposal, RoundMember, RoundPlan } from './types.ts'

export function aPlan(change: Partial<RoundPlan> = {}): RoundPlan {
  return {
    version: 1,
    intervals: {},
    codec: 'fp32',
    density: 1,
    fragments: 1,
    isFinalNext: false,
    reason: 'as the test says',
    ...change,
  }
}

export function aPayload(change: Partial<Payload> = {}): Payload {
  return { sha256: 'ab'.repeat(32), bytes: 16, codec: 'fp32', elements: 4, ...change }
}

export function aProposal(change: Partial<Proposal> = {}): Proposal {
  return {
    term: 1,
    round: 1,
    hub: 'a',
    members: [],
    absent: {},
    result: null,
    plan: aPlan(),
    isFinal: false,
    fragment: 0,
    ...change,
  }
}

export function aContribution(change: Partial<Contribution> = {}): Contribution {
  return {
    id: 1,
    round: 1,
    payload: aPayload(),
    steps: 4,
    samples: 8,
    cursor: '{}',
    codecError: 0,
    weight: 8,
    planVersion: 1,
    ...change,
  }
}

export function aMember(region: string, change: Partial<RoundMember> = {}): RoundMember {
  return { region, contributionId: 1, weight: 1, payload: aPayload(), cursor: '{}', ...change }
}
