// What the hub does, and with two regions both do: contributions are fetched as they are offered, and the round is closed
// once it may be.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { closingOf, type Closing } from './closer.ts'
import { exchangeOf, isAboutToOffer, isPairwise, type RoundsCore, type Training } from './core.ts'
import type { Exchange } from './offer.ts'
import { differencesOfContribution } from './plan-difference.ts'
import { finalPlan, nextPlan as planAfter } from './plan.ts'
import type { MeasuredLink, RoundPlan } from './types.ts'
import { tensorOf } from './whole-element.ts'

/** Others' contributions, where this region is to reduce them. */
export function fetchContributions(core: RoundsCore, training: Training): void {
  const { peers, members, host } = core.parts
  if (!core.agreement.isHub && !isPairwise(core)) return
  const exchange = exchangeOf(core, training)
  const cut = training.shared.cut(exchange.fragments, exchange.fragment)
  for (const region of members.peers) {
    const contribution = peers.statusOf(region)?.contribution ?? null
    if (contribution === null || contribution.round !== exchange.round) continue
    const { id, payload } = contribution
    if (core.arrivals.has(region, contribution) || core.source.refusalOf(exchange.round, payload) !== null) continue
    core.tasks.start(`fetch contribution ${id} of ${region}`, async (signal) => {
      const wanted = {
        region,
        payload,
        round: exchange.round,
        cut,
        layout: training.replica.layout,
        codec: exchange.codec,
        density: training.plan.density,
        differences: differencesOfContribution(contribution, training.plan),
        isElsewhere: () => false,
      }
      try {
        const decoded = await core.source.decoded(wanted, signal)
        if (core.agreement.state.committedRound + 1 !== exchange.round) return core.parts.links.memory.release(decoded)
        core.arrivals.add(region, { contribution, decoded }, core.parts.links.clock.monotonicMs())
        host.advance()
      } catch (error) {
        // The same bytes would be refused again; the round goes on without them. So they would where the region that
        // made them gives others than it announces.
        if (error instanceof CloudlessError && error.reason === 'PAYLOAD_DIFFERS') core.source.refuse(wanted, error)
        if (core.source.refusalOf(exchange.round, payload) === null) throw error
      }
    })
  }
}

/** As hub, closes the round if it may be. Answers when it could be without the late. */
export function closeNext(core: RoundsCore, training: Training): number {
  if (!core.agreement.isHub || core.agreement.proposed !== null || core.tasks.isRunning('close')) {
    return Number.POSITIVE_INFINITY
  }
  const { host, members, peers, settings, links } = core.parts
  const exchange = exchangeOf(core, training)
  const { closing, nextAtMs } = closingOf({
    own: host.region,
    live: members.live,
    pruned: members.all.filter((region) => !members.live.includes(region)),
    peers,
    arrivals: core.arrivals,
    ownOffer: core.offer.published,
    refusals: refusals(core),
    hasDrained: host.hasDrained && !isAboutToOffer(core) && core.offer.pending === null,
    isFinal: exchange.isFinal,
    settings,
    nowMs: links.clock.monotonicMs(),
  })
  if (closing !== null) close(core, training, exchange, closing)
  // Nobody has anything left to say but the end.
  else if (!exchange.isFinal && haveAllDrained(core) && hasNobodyAnOffer(core))
    close(core, training, exchange, { members: [], absent: refusals(core) })
  return nextAtMs
}

function refusals(core: RoundsCore): Readonly<Record<string, string>> {
  const found = core.parts.members.peers.map((region) => [region, refusalOf(core, region)] as const)
  return Object.fromEntries(
    found.flatMap(([region, refusal]) => (refusal === null ? [] : [[region, because(refusal)]])),
  )
}

/** Why the region's contribution to the open round can not be used; null where nothing is known against it. */
function refusalOf({ agreement, parts, source }: RoundsCore, region: string): CloudlessError | null {
  const contribution = parts.peers.statusOf(region)?.contribution ?? null
  const round = agreement.state.committedRound + 1
  return contribution?.round === round ? source.refusalOf(round, contribution.payload) : null
}

function because({ reason }: CloudlessError): string {
  return `its contribution was refused: ${reason}`
}

function close(core: RoundsCore, training: Training, exchange: Exchange, closing: Closing): void {
  const { host, parts } = core.parts
  const { term } = core.agreement.state
  const { pending } = core.offer
  const { shared, replica } = training
  const cut = shared.cut(exchange.fragments, exchange.fragment)
  const input = {
    own: host.region,
    term,
    exchange,
    plan: training.plan,
    nextPlan: nextPlan(core, training),
    cut,
    closing,
    ownOffer: pending,
    isPairwise: isPairwise(core),
    isLossy: parts.codec === 'error-feedback' && parts.membership === 'rounds',
  }
  core.tasks.start('close', async () => {
    try {
      const proposal = await core.closer.propose(input, shared, replica.elementCount)
      const { state, isHub, proposed } = core.agreement
      if (proposal === null || !isHub || proposed !== null || state.term !== term) return
      if (state.committedRound + 1 !== exchange.round) return
      core.agreement.propose(proposal)
      host.requestCheckpoint(0)
    } catch (error) {
      if (!(error instanceof CloudlessError) || error.reason !== 'DIVERGED') throw error
      const tensor = tensorOf(error, cut, replica.layout)
      const where = tensor === null ? '' : ` in tensor ${tensor}`
      const text = `training diverged: the mean of round ${exchange.round}${where}: ${messageOf(error)}`
      host.fail(error.reason, `${text}; lower the learning rate`)
    }
  })
}

function nextPlan(core: RoundsCore, { plan, replica }: Training): RoundPlan {
  const { members, peers, settings, parts, host, ownLinks } = core.parts
  // Who has used its samples sets no pace.
  const stepsPerSecond: Record<string, number> = { [host.region]: host.hasDrained ? 0 : host.stepsPerSecond }
  const links: Record<string, readonly MeasuredLink[]> = { [host.region]: ownLinks() }
  for (const region of members.peers) {
    const status = peers.statusOf(region)
    stepsPerSecond[region] = status === null || status.hasDrained ? 0 : status.stepsPerSecond
    links[region] = status?.links ?? []
  }
  const measured = { regions: members.live, hub: host.region, stepsPerSecond, links }
  const next = planAfter(settings, parts, measured, replica.elementCount, plan)
  return haveAllDrained(core) ? finalPlan(next, plan) : next
}

function haveAllDrained(core: RoundsCore): boolean {
  const { members, peers, host } = core.parts
  return host.hasDrained && members.peers.every((region) => peers.statusOf(region)?.hasDrained === true)
}

function hasNobodyAnOffer(core: RoundsCore): boolean {
  const { members, peers } = core.parts
  if (core.offer.pending !== null || isAboutToOffer(core)) return false
  const isWithout = (region: string): boolean => (peers.statusOf(region)?.contribution ?? null) === null
  return members.peers.every((region) => isWithout(region) || refusalOf(core, region) !== null)
}
