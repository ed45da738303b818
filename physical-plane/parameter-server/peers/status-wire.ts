// What regions tell each other about rounds, between our types and the contract's. A status of another region is checked
// here as a whole: it is taken with every field right or not at all.
import type { Contribution__Output } from '#proto/generated/cloudless/v1/Contribution.ts'
import type { Contribution as WireContribution } from '#proto/generated/cloudless/v1/Contribution.ts'
import type { PeerStatus as WireStatus, PeerStatus__Output } from '#proto/generated/cloudless/v1/PeerStatus.ts'
import type { MeasuredLink__Output } from '#proto/generated/cloudless/v1/MeasuredLink.ts'
import type { AddressBook__Output } from '#proto/generated/cloudless/v1/AddressBook.ts'
import type { AddressBook, Members } from '../members.ts'
import type { Contribution, MeasuredLink, PeerStatus } from '../rounds/types.ts'
import { recentProposalsMax, stepsPerSecondMax } from './config.ts'
import { decodePayload, encodePayload } from './payload-wire.ts'
import { decodeOptionalProposal, decodeProposal, encodeProposal } from './proposal-wire.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-wire.ts'
import { WireChecks } from './wire-checks.ts'

const bytesPerMbit = 1e6 / 8

export function encodeStatus(status: PeerStatus): WireStatus {
  return {
    incarnation: status.incarnation,
    revision: status.revision,
    book: {
      epoch: status.book.epoch,
      peers: status.book.peers.map((peer) => ({ ...peer })),
      hub: status.book.hub ?? '',
    },
    isLeaving: status.isLeaving,
    term: status.term,
    votedFor: status.votedFor,
    isHub: status.isHub,
    isCandidate: status.isCandidate,
    follows: status.follows,
    committedRound: status.committedRound,
    committedTerm: status.committedTerm,
    hasBegun: status.hasBegun,
    recent: status.recent.map(encodeProposal),
    accepted: status.accepted === null ? null : encodeProposal(status.accepted),
    proposed: status.proposed === null ? null : encodeProposal(status.proposed),
    contribution: status.contribution === null ? null : encodeContribution(status.contribution),
    hasDrained: status.hasDrained,
    hasFinished: status.hasFinished,
    stepsPerSecond: status.stepsPerSecond,
    links: status.links.map(({ fromRegion, bytesPerSecond, roundTripMs }) => {
      return { fromRegion, mbitPerSecond: bytesPerSecond / bytesPerMbit, roundTripMs }
    }),
    snapshot: status.snapshot === null ? null : encodeSnapshot(status.snapshot),
    wantsSnapshot: status.wantsSnapshot,
    applied: { ...status.applied },
    firstSeq: status.firstSeq,
    lastSeq: status.lastSeq,
    knownFinished: [...status.knownFinished],
  }
}

/** The status, or an `invalid` error that names each wrong field under `status`. */
export function decodeStatus(wire: PeerStatus__Output, members: Pick<Members, 'all' | 'has'>): PeerStatus {
  const checks = new WireChecks(members)
  const status: PeerStatus = {
    incarnation: checks.count('status.incarnation', wire.incarnation),
    revision: checks.count('status.revision', wire.revision),
    book: decodeBook(checks, wire.book, members.all.length),
    isLeaving: wire.isLeaving,
    term: checks.count('status.term', wire.term),
    votedFor: checks.regionOrNone('status.votedFor', wire.votedFor),
    isHub: wire.isHub,
    isCandidate: wire.isCandidate,
    follows: checks.regionOrNone('status.follows', wire.follows),
    committedRound: checks.count('status.committedRound', wire.committedRound),
    committedTerm: checks.count('status.committedTerm', wire.committedTerm),
    hasBegun: wire.hasBegun,
    recent: checks.list('status.recent', wire.recent, recentProposalsMax)
      ? wire.recent.map((proposal, at) => decodeProposal(checks, `status.recent[${at}]`, proposal))
      : [],
    accepted: decodeOptionalProposal(checks, 'status.accepted', wire.accepted),
    proposed: decodeOptionalProposal(checks, 'status.proposed', wire.proposed),
    contribution: wire.contribution === null ? null : decodeContribution(checks, wire.contribution, members.all.length),
    hasDrained: wire.hasDrained,
    hasFinished: wire.hasFinished,
    stepsPerSecond: checks.amount('status.stepsPerSecond', wire.stepsPerSecond, stepsPerSecondMax),
    links: decodeLinks(checks, wire.links, members.all.length),
    snapshot: decodeSnapshot(checks, 'status.snapshot', wire.snapshot),
    wantsSnapshot: wire.wantsSnapshot,
    applied: checks.byRegion('status.applied', wire.applied, (field, seq) => checks.count(field, seq)),
    firstSeq: checks.count('status.firstSeq', wire.firstSeq),
    lastSeq: checks.count('status.lastSeq', wire.lastSeq),
    knownFinished: checks.list('status.knownFinished', wire.knownFinished, members.all.length)
      ? wire.knownFinished.map((region, at) => checks.region(`status.knownFinished[${at}]`, region))
      : [],
  }
  const rounds = status.recent.map(({ round }) => round)
  const isAscending = rounds.every((round, at) => at === 0 || round > rounds[at - 1]!)
  checks.fact(isAscending, 'status.recent', `${rounds.length} rounds`, 'in ascending order of their rounds')
  checks.done()
  return status
}

function encodeContribution(contribution: Contribution): WireContribution {
  return {
    ...contribution,
    payload: encodePayload(contribution.payload),
    cursor: Buffer.from(contribution.cursor),
  }
}

function decodeContribution(checks: WireChecks, wire: Contribution__Output, regions: number): Contribution {
  const field = 'status.contribution'
  // In rounds a region weighs what its samples do. Elsewhere its mass does: the job begins with 1 in all, and a region
  // that loses its disk begins with its share again.
  const isWeight = wire.weight === wire.samples || (wire.weight >= 0 && wire.weight <= regions)
  checks.that(isWeight, `${field}.weight`, wire.weight, `its samples, ${wire.samples}, or a mass from 0 to ${regions}`)
  return {
    id: checks.count(`${field}.id`, wire.id),
    round: checks.count(`${field}.round`, wire.round),
    payload: decodePayload(checks, `${field}.payload`, wire.payload),
    steps: checks.count(`${field}.steps`, wire.steps),
    samples: checks.count(`${field}.samples`, wire.samples),
    cursor: checks.utf8(`${field}.cursor`, wire.cursor),
    codecError: checks.amount(`${field}.codecError`, wire.codecError),
    weight: isWeight ? wire.weight : 0,
    planVersion: checks.count(`${field}.planVersion`, wire.planVersion),
  }
}

function decodeBook(checks: WireChecks, wire: AddressBook__Output | null, regions: number): AddressBook {
  if (wire === null) return { epoch: 0, peers: [] }
  const epoch = checks.count('status.book.epoch', wire.epoch)
  if (!checks.list('status.book.peers', wire.peers, regions)) return { epoch, peers: [] }
  const peers = wire.peers.map(({ region, endpoint, pruned }, at) => ({
    region: checks.region(`status.book.peers[${at}].region`, region),
    endpoint: checks.text(`status.book.peers[${at}].endpoint`, endpoint),
    pruned,
  }))
  checks.fact(areUnique(peers.map(({ region }) => region)), 'status.book.peers', 'a region', 'there once')
  const hub = checks.regionOrNone('status.book.hub', wire.hub)
  return { epoch, peers, ...(hub === '' ? {} : { hub }) }
}

function decodeLinks(checks: WireChecks, wire: readonly MeasuredLink__Output[], regions: number): MeasuredLink[] {
  if (!checks.list('status.links', wire, regions)) return []
  const links = wire.map((link, at) => ({
    fromRegion: checks.region(`status.links[${at}].fromRegion`, link.fromRegion),
    bytesPerSecond: checks.amount(`status.links[${at}].mbitPerSecond`, link.mbitPerSecond, 1e12) * bytesPerMbit,
    roundTripMs: checks.amount(`status.links[${at}].roundTripMs`, link.roundTripMs, 1e9),
  }))
  checks.fact(areUnique(links.map(({ fromRegion }) => fromRegion)), 'status.links', 'a region', 'there once')
  return links
}

function areUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length
}
