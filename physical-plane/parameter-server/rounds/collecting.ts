// What the hub does, and with two regions both do: contributions are fetched as they are offered, and the round is closed
// once it may be.
import { CloudlessError } from '#runtime/errors.ts'
import { closingOf, type Closing } from './closer.ts'
import { exchangeOf, isAboutToOffer, isPairwise, type RoundsCore, type Training } from './core.ts'
import type { Exchange } from './offer.ts'
import { nextPlan as planAfter } from './plan.ts'
import type { MeasuredLink, RoundPlan } from './types.ts'

/** Others' contributions, where this region is to reduce them. */
export function fetchContributions(core: RoundsCore, training: Training): void {
  const { peers, members, host } = core.parts
  if (!core.agreement.isHub && !isPairwise(core)) return
  const exchange = exchangeOf(core, training)
  const cut = training.shared.cut(exchange.fragments, exchange.fragment)
  for (const region of members.peers) {
    const contribution = peers.statusOf(region)?.contribution ?? null
    if (contribution === null || contribution.round !== exchange.round) continue
    const name = `contribution ${contribution.id} of ${region}`
    if (core.arrivals.has(region, contribution) || core.useless.has(name)) continue
    core.tasks.start(`fetch ${name}`, async (signal) => {
      const { payload } = contribution
      const wanted = {
        region,
        payload,
        round: exchange.round,
        cut,
        layout: training.replica.layout,
        codec: exchange.codec,
        density: training.plan.density,
      }
      try {
        const decoded = await core.source.decoded(wanted, signal)
        if (core.agreement.state.committedRound + 1 !== exchange.round) return core.parts.links.memory.release(decoded)
        core.arrivals.add(region, { contribution, decoded }, core.parts.links.clock.monotonicMs())
        host.advance()
      } catch (error) {
        // The same bytes would be refused again; the round goes on without them.
        if (error instanceof CloudlessError && error.kind === 'invalid') core.useless.add(name)
        else throw error
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
    hasDrained: host.hasDrained && !isAboutToOffer(core) && core.offer.pending === null,
    isFinal: exchange.isFinal,
    settings,
    nowMs: links.clock.monotonicMs(),
  })
  if (closing !== null) close(core, training, exchange, closing)
  // Nobody has anything left to say but the end.
  else if (!exchange.isFinal && haveAllDrained(core) && hasNobodyAnOffer(core))
    close(core, training, exchange, { members: [], absent: {} })
  return nextAtMs
}

function close(core: RoundsCore, training: Training, exchange: Exchange, closing: Closing): void {
  const { host, members, parts } = core.parts
  const { term } = core.agreement.state
  const { pending } = core.offer
  core.tasks.start('close', async () => {
    const proposal = await core.closer.propose(
      {
        own: host.region,
        term,
        bookEpoch: members.book.epoch,
        exchange,
        plan: training.plan,
        nextPlan: nextPlan(core, training),
        cut: training.shared.cut(exchange.fragments, exchange.fragment),
        closing,
        ownOffer: pending,
        isPairwise: isPairwise(core),
        isLossy: parts.codec === 'error-feedback' && parts.membership === 'rounds',
      },
      training.shared,
      training.replica.elementCount,
    )
    const { state, isHub, proposed } = core.agreement
    if (!isHub || proposed !== null || state.term !== term || state.committedRound + 1 !== exchange.round) return
    core.agreement.propose(proposal)
    host.requestCheckpoint(0)
  })
}

function nextPlan(core: RoundsCore, { plan, replica }: Training): RoundPlan {
  const { members, peers, settings, parts, host, ownLinks } = core.parts
  const stepsPerSecond: Record<string, number> = { [host.region]: host.stepsPerSecond }
  const links: Record<string, readonly MeasuredLink[]> = { [host.region]: ownLinks() }
  for (const region of members.peers) {
    const status = peers.statusOf(region)
    stepsPerSecond[region] = status?.stepsPerSecond ?? 0
    links[region] = status?.links ?? []
  }
  const measured = { regions: members.live, hub: host.region, stepsPerSecond, links }
  const next = planAfter(settings, parts, measured, replica.elementCount, plan)
  return haveAllDrained(core) ? { ...next, isFinalNext: true } : next
}

function haveAllDrained(core: RoundsCore): boolean {
  const { members, peers, host } = core.parts
  return host.hasDrained && members.peers.every((region) => peers.statusOf(region)?.hasDrained === true)
}

function hasNobodyAnOffer(core: RoundsCore): boolean {
  const { members, peers } = core.parts
  if (core.offer.pending !== null || isAboutToOffer(core)) return false
  return members.peers.every((region) => (peers.statusOf(region)?.contribution ?? null) === null)
}
