// Proposals of a round and the plans in them, between our types and the contract's.
import type { Proposal as WireProposal, Proposal__Output } from '#proto/generated/cloudless/v1/Proposal.ts'
import type { RoundMember__Output } from '#proto/generated/cloudless/v1/RoundMember.ts'
import type { RoundPlan as WirePlan, RoundPlan__Output } from '#proto/generated/cloudless/v1/RoundPlan.ts'
import type { Proposal, RoundMember, RoundPlan } from '../rounds/types.ts'
import { fragmentsMax, intervalMax, regionsMax } from './config.ts'
import { decodeOptionalPayload, decodePayload, encodePayload } from './payload-wire.ts'
import type { WireChecks } from './wire-checks.ts'

/** Weights are doubles that were divided by their sum. */
const weightTolerance = 1e-6

export function encodeProposal(proposal: Proposal): WireProposal {
  return {
    ...proposal,
    members: proposal.members.map((member) => ({
      ...member,
      payload: encodePayload(member.payload),
      cursor: Buffer.from(member.cursor),
    })),
    absent: { ...proposal.absent },
    result: proposal.result === null ? null : encodePayload(proposal.result),
    plan: encodePlan(proposal.plan),
  }
}

export function encodePlan(plan: RoundPlan): WirePlan {
  return { ...plan, intervals: { ...plan.intervals } }
}

export function decodeOptionalProposal(
  checks: WireChecks,
  field: string,
  wire: Proposal__Output | null,
): Proposal | null {
  return wire === null ? null : decodeProposal(checks, field, wire)
}

export function decodeProposal(checks: WireChecks, field: string, wire: Proposal__Output): Proposal {
  const members = decodeMembers(checks, `${field}.members`, wire.members)
  const absent = checks.byRegion(`${field}.absent`, wire.absent, (at, reason) => checks.text(at, reason))
  for (const { region } of members) {
    checks.that(!Object.hasOwn(absent, region), `${field}.absent`, region, 'no member of the round')
  }
  return {
    term: checks.count(`${field}.term`, wire.term),
    round: checks.count(`${field}.round`, wire.round),
    hub: checks.region(`${field}.hub`, wire.hub),
    members,
    absent,
    result: decodeOptionalPayload(checks, `${field}.result`, wire.result),
    plan: decodePlan(checks, `${field}.plan`, wire.plan),
    isFinal: wire.isFinal,
    // The last round takes all of the model at once.
    fragment: checks.count(`${field}.fragment`, wire.fragment, 0, wire.isFinal ? 0 : fragmentsMax - 1),
  }
}

export function decodePlan(checks: WireChecks, field: string, wire: RoundPlan__Output | null): RoundPlan {
  if (wire === null) {
    checks.wrong(field, 'nothing', 'a plan of rounds')
    return noPlan
  }
  return {
    version: checks.count(`${field}.version`, wire.version),
    intervals: checks.byRegion(`${field}.intervals`, wire.intervals, (at, steps) =>
      checks.count(at, steps, 1, intervalMax),
    ),
    codec: checks.codec(`${field}.codec`, wire.codec),
    density: checks.share(`${field}.density`, wire.density),
    fragments: checks.count(`${field}.fragments`, wire.fragments, 1, fragmentsMax),
    isFinalNext: wire.isFinalNext,
    reason: checks.text(`${field}.reason`, wire.reason),
  }
}

const noPlan: RoundPlan = {
  version: 0,
  intervals: {},
  codec: 'fp32',
  density: 1,
  fragments: 1,
  isFinalNext: false,
  reason: '',
}

function decodeMembers(checks: WireChecks, field: string, wire: readonly RoundMember__Output[]): RoundMember[] {
  if (!checks.list(field, wire, regionsMax)) return []
  const members = wire.map((member, at) => ({
    region: checks.region(`${field}[${at}].region`, member.region),
    contributionId: checks.count(`${field}[${at}].contributionId`, member.contributionId),
    weight: checks.amount(`${field}[${at}].weight`, member.weight, 1),
    payload: decodePayload(checks, `${field}[${at}].payload`, member.payload),
    cursor: checks.utf8(`${field}[${at}].cursor`, member.cursor),
  }))
  const regions = members.map(({ region }) => region)
  const isAscending = regions.every((region, at) => at === 0 || region > regions[at - 1]!)
  checks.fact(isAscending, field, `${regions.length} regions`, 'in ascending order, each once')
  const sum = members.reduce((total, { weight }) => total + weight, 0)
  const isWhole = members.length === 0 || Math.abs(sum - 1) <= weightTolerance
  checks.fact(isWhole, field, `weights that sum to ${sum}`, 'weights that sum to 1')
  return members
}
