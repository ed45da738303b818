// How a region that missed too much gets back to the others. What it learnt since the last round that it took part in stays:
// it is added to the snapshot's parameters.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Vectors } from '../partition-state.ts'
import { isIndependent, type RoundsCore } from './core.ts'
import type { RoundsHost } from './host.ts'
import { fetchSnapshot } from './snapshots.ts'
import type { StateSnapshot } from './types.ts'

/** The task's name. */
export const takingSnapshot = 'take snapshot'

export function wantsSnapshot(core: RoundsCore): boolean {
  const { host, members, peers, parts } = core.parts
  const others = members.peers.map((region) => peers.statusOf(region)).filter((status) => status !== null)
  if (host.replica === null) {
    const root = members.root === host.region ? null : peers.statusOf(members.root)
    // Others may have what this region told before it lost its disk.
    const canBegin = !host.hasForgotten && root !== null && peers.hears(members.root) && root.firstSeq <= 1
    return !canBegin && others.some(({ hasBegun }) => hasBegun)
  }
  if (core.common.values.isFinished) return false
  if (parts.membership === 'independent' && host.isBehindUpdates) return true
  const next = core.agreement.state.committedRound + 1
  const isAhead = others.some(({ committedRound }) => committedRound >= next)
  return isAhead && (core.common.lostRound === next || core.agreement.toCommit(peers.view()) === null)
}

/**
 * After a disk was lost it may be that every region lacks what only another one has: then one of them goes on without
 * what it misses, has all the rest in time, and the others take a snapshot of it.
 */
export function endWantsOfAll(core: RoundsCore): void {
  const { host, members, peers } = core.parts
  if (!isIndependent(core) || host.replica === null || !wantsSnapshot(core)) return
  const isStuck = members.peers.every((region) => peers.hears(region) && peers.statusOf(region)?.wantsSnapshot === true)
  const able = members.live.filter((region) => region === host.region || peers.statusOf(region)?.hasBegun === true)
  if (isStuck && able.toSorted()[0] === host.region) host.giveUpMissed()
}

export function takeSnapshot(core: RoundsCore): void {
  if (!wantsSnapshot(core)) return
  const best = bestSnapshot(core)
  if (best === null) return
  const { source, snapshot } = best
  const { links } = core.parts
  const fetcher = core.heard.fetcher(links.fetcher, () => bestSnapshot(core) !== null)
  core.tasks.start(takingSnapshot, async (signal) => {
    core.snapshots.taking = snapshot
    try {
      await fetchSnapshot(source, snapshot, { ...links, fetcher }, signal, (vectors) =>
        takeOver(core, best, vectors, signal),
      )
    } finally {
      core.snapshots.taking = null
    }
  })
}

async function takeOver(core: RoundsCore, offered: Offered, vectors: Vectors, signal: AbortSignal): Promise<void> {
  const { host, links } = core.parts
  const { source, snapshot } = offered
  if (!core.snapshotChecks.isWhole(source, snapshot, vectors)) return
  if (!isOfUse(core, snapshot)) {
    throw new CloudlessError('unavailable', 'SNAPSHOT_OLD', 'it would take updates back')
  }
  core.snapshots.isBeingTaken = true
  try {
    const untold = await host.untoldSince(snapshot, signal)
    // What was checked before may have changed meanwhile.
    const isStillUsable = core.snapshotChecks.isUsable(source, snapshot)
    if (isStillUsable && core.agreement.state.committedRound <= snapshot.round) {
      adoptOrFail(core, snapshot, vectors, untold)
    }
    for (const { values } of untold) links.memory.release(values)
  } finally {
    core.snapshots.isBeingTaken = false
  }
}

/**
 * Nothing that was applied here would be taken back, and what is missing could come afterwards. What this region holds of
 * its own it adds again.
 */
function isOfUse(core: RoundsCore, { versions }: StateSnapshot): boolean {
  const { host, members, peers } = core.parts
  if (!isIndependent(core)) return true
  const needed = host.needed()
  return members.live.every((region) => {
    const version = versions[region] ?? 0
    const isBridged = host.replica === null || version + 1 >= (peers.statusOf(region)?.firstSeq ?? 0)
    return version >= (needed[region] ?? 0) && isBridged
  })
}

type Offered = { readonly source: string; readonly snapshot: StateSnapshot }

/** The newest that is offered; null while there is none that helps. */
function bestSnapshot(core: RoundsCore): Offered | null {
  const { members, peers, host } = core.parts
  const next = core.agreement.state.committedRound + (host.replica === null || isIndependent(core) ? 0 : 1)
  const offers = peers.heardPeers.flatMap((source): readonly Offered[] => {
    const snapshot = peers.statusOf(source)?.snapshot ?? null
    // One that was offered before this region lost what it had may know less of it than its source does by now.
    const isNew =
      snapshot !== null && (host.replica !== null || snapshot.state.askers[host.region] === host.incarnation)
    return isNew && snapshot.round >= next && isOfUse(core, snapshot) ? [{ source, snapshot }] : []
  })
  const mayOffer = (region: string): boolean => {
    const status = peers.statusOf(region)
    return status?.hasBegun === true && !status.wantsSnapshot
  }
  const told = ({ versions }: StateSnapshot): number => versions[host.region] ?? 0
  const usable = offers.filter(({ source, snapshot }) => core.snapshotChecks.isUsable(source, snapshot))
  const best = usable.reduce<Offered | null>((newest, offer) => {
    if (newest === null || offer.snapshot.round > newest.snapshot.round) return offer
    return offer.snapshot.round === newest.snapshot.round && told(offer.snapshot) > told(newest.snapshot)
      ? offer
      : newest
  }, null)
  if (best === null || host.replica !== null) return best
  // Updates that were told may be with one region only, which may be away.
  const others = isIndependent(core) ? members.peers : peers.heardPeers
  const isComplete = others.every((region) => {
    if (!peers.hears(region)) return false
    if (mayOffer(region)) {
      const isKnown = (offer: Offered): boolean => usable.includes(offer) || told(offer.snapshot) <= told(best.snapshot)
      return offers.some((offer) => offer.source === region && isKnown(offer))
    }
    return (peers.statusOf(region)?.applied[host.region] ?? 0) <= told(best.snapshot)
  })
  return isComplete ? best : null
}

type Untold = Awaited<ReturnType<RoundsHost['untoldSince']>>

/** Everything was checked, so what goes wrong now is our own, and half of it must never become durable. */
function adoptOrFail(core: RoundsCore, snapshot: StateSnapshot, vectors: Vectors, untold: Untold): void {
  const { host } = core.parts
  try {
    adopt(core, snapshot, vectors, untold)
  } catch (error) {
    host.fail('INTERNAL', `region ${host.region} can not take a snapshot over: ${messageOf(error)}`)
  }
}

/** What was learnt here since the last round that this region took part in stays: it is added to the snapshot's parameters. */
function adopt(core: RoundsCore, snapshot: StateSnapshot, vectors: Vectors, untold: Untold): void {
  const { host, links, settings } = core.parts
  const isFirst = host.replica === null
  const replica = host.replica ?? host.replicaFor(snapshot)
  const shared = core.common.shared ?? core.common.createShared(replica)
  const { commits, isFinished } = snapshot.state
  const whole = shared.cut(1, 0)
  const before = shared.gather(shared.values, whole)
  const included = snapshot.included[host.region] ?? 0
  const cursor = snapshot.cursors[host.region]
  // Others have more of this region than it has itself: what it did since it lost its disk, it had done before.
  const isForgotten = !isFirst && included >= core.offer.nextId
  const isKept = !isFirst && !isForgotten && settings.late === 'carry' && !isFinished
  core.offer.rejoin(included, before, shared, isKept)
  if (!isIndependent(core)) {
    shared.restore(vectors, commits)
    if (isKept) links.memory.kernels.rebase(replica.values, shared.values, before)
    else links.memory.kernels.copy(replica.values, shared.values)
  }
  if (isForgotten) core.offer.replaced(replica, shared)
  if (isForgotten && cursor !== undefined) host.resume(cursor)
  links.memory.release(before)
  core.common.adopted(snapshot, isFinished)
  core.arrivals.close([], links.clock.monotonicMs())
  core.agreement.jump(snapshot.round, snapshot.term)
  if (isFirst && host.hasForgotten) core.agreement.forget(core.parts.peers.view())
  host.adopted(snapshot, vectors['parameters']!, untold)
  // The last round is over: what an encoding left untold will never be told.
  if (isIndependent(core) && isFinished) links.memory.kernels.copy(replica.values, vectors['parameters']!)
  host.requestCheckpoint(0)
  host.advance()
}
