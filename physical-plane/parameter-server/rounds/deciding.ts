// What every region does with a proposal: hold what is needed to apply it and say so, and apply it once it is decided.
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { outerRates } from '../sync/apply/outer-rates.ts'
import { exchangeOf, sourcesOf, type RoundsCore, type Training } from './core.ts'
import type { Payload, Proposal } from './types.ts'

export function acceptNext(core: RoundsCore, training: Training): void {
  const { peers, host } = core.parts
  const proposal = core.agreement.toAccept(peers.view())
  if (proposal === null) return
  core.tasks.start(`accept ${proposal.term}/${proposal.round}`, async (signal) => {
    for (const { region, payload } of sourcesOf(proposal)) {
      const vector = await decode(core, training, proposal, [...new Set([region, proposal.hub])], payload, signal)
      core.parts.links.memory.release(vector)
    }
    if (core.agreement.accept(proposal)) host.requestCheckpoint(0)
  })
}

export function commitNext(core: RoundsCore, training: Training): void {
  const { peers, host } = core.parts
  const decided = core.agreement.toCommit(peers.view())
  if (decided === null || core.common.lostRound === decided.proposal.round) return
  const { proposal, from } = decided
  core.tasks.start(`commit ${proposal.round}`, async (signal) => {
    const result = proposal.members.length === 0 ? null : await resultOf(core, training, proposal, from, signal)
    if (core.agreement.state.committedRound + 1 === proposal.round) apply(core, training, proposal, result)
    if (result !== null) core.parts.links.memory.release(result)
    host.advance()
  })
}

async function resultOf(
  core: RoundsCore,
  training: Training,
  proposal: Proposal,
  from: string,
  signal: AbortSignal,
): Promise<Float32Array | null> {
  const decodeFrom = (region: string, payload: Payload): Promise<Float32Array> =>
    decode(core, training, proposal, [...new Set([from, region])], payload, signal)
  try {
    if (proposal.result !== null) return await decodeFrom(proposal.hub, proposal.result)
    const { codec, fragments } = exchangeOf(core, training)
    const { elements } = training.shared.cut(fragments, proposal.fragment)
    assert(codec === proposal.members[0]?.payload.codec, `round ${proposal.round} was made in another codec`)
    const decodedOf = async ({ region, payload }: { readonly region: string; readonly payload: Payload }) => {
      const values = await decodeFrom(region, payload)
      return { values, release: () => core.parts.links.memory.release(values) }
    }
    return await core.closer.mean(proposal.members, decodedOf, elements)
  } catch (error) {
    // Nobody who is heard holds it any more: a snapshot has it in.
    if (error instanceof CloudlessError && error.kind === 'not-found') core.common.lostRound = proposal.round
    throw error
  }
}

/** Tries the regions in turn. */
async function decode(
  core: RoundsCore,
  training: Training,
  proposal: Proposal,
  regions: readonly string[],
  payload: Payload,
  signal: AbortSignal,
): Promise<Float32Array> {
  const { codec, fragments } = exchangeOf(core, training)
  const cut = training.shared.cut(fragments, proposal.fragment)
  const { density } = training.plan
  const wanted = { payload, round: proposal.round, cut, layout: training.replica.layout, codec, density }
  for (const region of regions.slice(0, -1)) {
    try {
      return await core.source.decoded({ ...wanted, region }, signal)
    } catch (error) {
      if (!(error instanceof CloudlessError) || error.kind !== 'not-found') throw error
    }
  }
  return core.source.decoded({ ...wanted, region: regions.at(-1)! }, signal)
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
    const step = isLastDelta ? { learningRate: 1, momentum: 0 } : outerRates(settings, replica.layout.optimiser.kind)
    const rule = isLastDelta ? 'sparse-mean' : core.common.rule
    shared.apply(rule, result, cut, exchange.fragment, { ...step, delay: settings.outerDelay })
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
    stateHash: shared.hash(),
  })
  host.requestCheckpoint(0)
}

function openNext(core: RoundsCore, proposal: Proposal): void {
  core.useless.clear()
  core.tasks.stop('fetch')
  core.tasks.stop('accept')
  const { members, peers, links } = core.parts
  const isLate = (region: string): boolean =>
    peers.hears(region) && !proposal.members.some((member) => member.region === region)
  core.arrivals.close(members.peers.filter(isLate), links.clock.monotonicMs())
  const isOffered = core.snapshots.offered !== null
  const oldest = core.common.committed(proposal, isOffered, (round) => core.payloads.bytesOf(round))
  core.payloads.forgetBefore(oldest)
}
