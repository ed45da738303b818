// What every region does with a proposal: hold what is needed to apply it and say so, and apply it once it is decided.
import { CloudlessError } from '#runtime/errors.ts'
import { outerRates } from '../sync/apply/outer-rates.ts'
import { isSame } from './agreement.ts'
import { isMajority } from './majority.ts'
import { exchangeOf, sourcesOf, type RoundsCore, type Training } from './core.ts'
import { differencesOfProposal } from './plan-difference.ts'
import type { Payload, Proposal } from './types.ts'

export function acceptNext(core: RoundsCore, training: Training): void {
  const { peers, host } = core.parts
  const proposal = core.agreement.toAccept(peers.view())
  if (proposal === null) return
  const refusal = refusalIn(core, proposal)
  if (refusal !== null) return refuse(core, proposal, refusal)
  const isReplaced = (): boolean => {
    const asked = core.agreement.toAccept(peers.view())
    return asked !== null && !isSame(asked, proposal)
  }
  core.tasks.start(`accept ${proposal.term}/${proposal.round}`, async (signal) => {
    for (const { region, payload } of sourcesOf(proposal)) {
      const regions = [...new Set([region, proposal.hub])]
      const vector = await decode(core, training, { proposal, payload, regions, isElsewhere: isReplaced }, signal)
      core.parts.links.memory.release(vector)
    }
    if (core.agreement.accept(proposal)) host.requestCheckpoint(0)
  })
}

/** Why this region can not use what is proposed; null where nothing is known against it. */
function refusalIn({ source }: RoundsCore, proposal: Proposal): CloudlessError | null {
  const refusals = sourcesOf(proposal).map(({ payload }) => source.refusalOf(proposal.round, payload))
  return refusals.find((refusal) => refusal !== null) ?? null
}

/**
 * Others may agree without this region; then it takes a snapshot. Where all refuse, they elect another hub. Where no
 * majority can be without this region, no round would follow any more.
 */
function refuse(core: RoundsCore, proposal: Proposal, { message }: CloudlessError): void {
  const { members, peers, host } = core.parts
  const { hub, round } = proposal
  core.agreement.refuse(proposal)
  if (isMajority(members.peers, peers.view())) return
  const text = `region ${hub} proposes round ${round} with what region ${host.region} can not use: ${message}`
  host.fail('ROUND_REFUSED', `${text}; run the same version in every region, then resume the job`)
}

export function commitNext(core: RoundsCore, training: Training): void {
  const { peers, host } = core.parts
  const decided = core.agreement.toCommit(peers.view())
  if (decided === null || core.common.lostRound === decided.proposal.round) return
  const { proposal, from } = decided
  core.tasks.start(`commit ${proposal.round}`, async (signal) => {
    const result = proposal.members.length === 0 ? null : await resultOf(core, training, proposal, from, signal)
    try {
      if (core.agreement.state.committedRound + 1 === proposal.round) apply(core, training, proposal, result)
    } finally {
      if (result !== null) core.parts.links.memory.release(result)
    }
    host.advance()
  })
}

async function resultOf(
  core: RoundsCore,
  training: Training,
  proposal: Proposal,
  from: string,
  signal: AbortSignal,
): Promise<Float32Array> {
  const isElsewhere = (): boolean => core.agreement.toCommit(core.parts.peers.view()) !== null
  const decodeFrom = (region: string, payload: Payload): Promise<Float32Array> =>
    decode(core, training, { proposal, payload, regions: [...new Set([from, region])], isElsewhere }, signal)
  try {
    if (proposal.result !== null) return await decodeFrom(proposal.hub, proposal.result)
    const { fragments, fragment } = exchangeOf(core, training)
    const { elements } = training.shared.cut(fragments, fragment)
    return await core.closer.mean(proposal.members, ({ region, payload }) => decodeFrom(region, payload), elements)
  } catch (error) {
    // Nobody who is heard holds what can be used: a snapshot has it in.
    const isGone = error instanceof CloudlessError && error.kind === 'not-found'
    if (isGone || refusalIn(core, proposal) !== null) core.common.lostRound = proposal.round
    throw error
  }
}

type Sought = {
  readonly proposal: Proposal
  readonly payload: Payload
  /** To be asked in turn, the first of them because it is heard to have it. */
  readonly regions: readonly string[]
  readonly isElsewhere: () => boolean
}

/** Rejects with what the first region answered where all fail. */
async function decode(
  core: RoundsCore,
  training: Training,
  { proposal, payload, regions, isElsewhere }: Sought,
  signal: AbortSignal,
): Promise<Float32Array> {
  const exchange = exchangeOf(core, training)
  const { codec } = exchange
  const cut = training.shared.cut(exchange.fragments, exchange.fragment)
  const differences = differencesOfProposal(proposal, exchange)
  const { round } = proposal
  const { layout } = training.replica
  const { density } = training.plan
  let first: unknown = null
  for (const region of regions) {
    try {
      const wanted = { region, payload, round, cut, layout, codec, density, differences, isElsewhere }
      return await core.source.decoded(wanted, signal)
    } catch (error) {
      // The same bytes are as wrong wherever they come from; another transfer may be whole.
      const isRefused = core.source.refusalOf(round, payload) !== null
      if (signal.aborted || isRefused || !isOfSource(error)) throw error
      first ??= error
    }
  }
  throw first
}

function isOfSource(error: unknown): boolean {
  if (!(error instanceof CloudlessError)) return false
  return error.kind === 'not-found' || error.kind === 'unavailable' || error.kind === 'invalid'
}

/** All at once: nobody sees a state in between. */
function apply(core: RoundsCore, training: Training, proposal: Proposal, result: Float32Array | null): void {
  const { host, settings, links } = core.parts
  const { replica, shared, plan } = training
  const exchange = exchangeOf(core, training)
  const { pending } = core.offer
  let isMember = false
  if (result === null) core.offer.missed()
  else {
    const cut = shared.cut(exchange.fragments, exchange.fragment)
    const before = shared.gather(shared.values, cut)
    // The last round takes what is left as it is: no later one would let a momentum play itself out.
    const isLastDelta = exchange.isFinal && core.common.rule !== 'mean'
    const rule = isLastDelta ? 'sparse-mean' : core.common.rule
    const { kind } = replica.layout.optimiser
    const step = isLastDelta ? { learningRate: 1, momentum: 0 } : outerRates(settings, kind, rule)
    const contributions = proposal.members.length
    shared.apply(rule, result, cut, exchange.fragment, { ...step, delay: settings.outerDelay, contributions })
    const isForgotten = core.offer.isForgotten(proposal)
    isMember = core.offer.committed(proposal, exchange, cut, before, replica, shared) || isForgotten
    if (isForgotten) core.offer.replaced(replica, shared)
    links.memory.release(before)
    if (isForgotten) host.resume(proposal.members.find(({ region }) => region === host.region)!.cursor)
    core.closer.committed(proposal, shared)
  }
  core.agreement.commit(proposal)
  openNext(core, proposal)
  host.committed({
    proposal,
    isMember,
    codec: exchange.codec,
    fragments: plan.fragments,
    steps: pending?.contribution.steps ?? 0,
    samples: pending?.contribution.samples ?? 0,
    codecError: pending?.contribution.codecError ?? 0,
    stalenessSteps: pending === null ? 0 : core.offer.stepsSince(pending),
    exchangeSeconds: pending === null ? 0 : (links.clock.monotonicMs() - pending.madeAtMs) / 1000,
    stateHash: shared.hash(),
  })
  host.requestCheckpoint(0)
}

function openNext(core: RoundsCore, proposal: Proposal): void {
  core.source.forgetBefore(proposal.round + 1)
  core.tasks.stop('fetch')
  core.tasks.stop('accept')
  const { members, peers, links } = core.parts
  const isLate = (region: string): boolean =>
    peers.hears(region) && !proposal.members.some((member) => member.region === region)
  core.arrivals.close(members.peers.filter(isLate), links.clock.monotonicMs())
  // Contributions live on in the result.
  if (proposal.result !== null) core.payloads.forgetAllBut(proposal.result.sha256, proposal.round)
  const oldest = core.common.committed(proposal, core.snapshots.oldestRound, (round) => core.payloads.bytesOf(round))
  core.payloads.forgetBefore(oldest)
}
