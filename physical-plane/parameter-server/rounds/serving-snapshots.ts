// How a region helps those who missed too much: it offers a snapshot, and keeps every round since for as long as somebody
// fetches it. One region does so for all, the hub where it can; all of them do for one that has nothing, which must know
// what each of them has of it.
import { copyOf } from './bytes.ts'
import { unservedMs } from './config.ts'
import { isIndependent, trainingOf, type RoundsCore, type Training } from './core.ts'
import { wantsSnapshot } from './rejoining.ts'
import type { StateSnapshot } from './types.ts'

export function serveSnapshots(core: RoundsCore): void {
  const { members, peers, host } = core.parts
  const training = trainingOf(core)
  const askers = peers.heardPeers.filter((region) => peers.statusOf(region)?.wantsSnapshot === true)
  core.snapshots.asked(askers, (snapshot, region) => hasTaken(core, snapshot, region))
  if (training === null || askers.length === 0 || wantsSnapshot(core)) return
  // Who has nothing compares what everybody has: some may know more of what it forgot than others.
  const isForAll = askers.some((region) => peers.statusOf(region)?.hasBegun === false)
  if (!members.live.includes(host.region) || (!isForAll && !isServing(core, askers))) return
  core.snapshots.served(askers)
  const offered = core.snapshots.offered
  const { committedRound } = core.agreement.state
  const oldestKept = core.common.recent[0]?.round ?? committedRound + 1
  const isForAskers = offered !== null && isFor(offered, emptyAskers(core))
  const isBridged = isForAskers && offered.round + 1 >= oldestKept
  if (isIndependent(core)) {
    // What this region lacks of what an asker has will come here, too.
    const helped = askers.filter((region) => covers(host.versions(), appliedBy(core, region)))
    const isSame = isForAskers && covers(offered.versions, host.versions())
    const isFresh = isSame || (isForAskers && coversUpdates(core, offered, helped))
    if (helped.length > 0 && !isFresh) offerUpdated(core, training)
  } else if (!isBridged || (offered.round < committedRound && askers.some((region) => isPast(core, offered, region)))) {
    core.tasks.start('snapshot', () => core.snapshots.offer(snapshotNow(core, training), training.shared.vectors()))
  }
}

/**
 * The hub serves; the next one by name where those before it do not seem to hear the asker: after a while there is still
 * no snapshot of theirs that is for it.
 */
function isServing({ agreement, parts, snapshots }: RoundsCore, askers: readonly string[]): boolean {
  const { host, links, peers } = parts
  const hub = agreement.hub(peers.view())
  const able = [host.region, ...peers.heardPeers].filter((region) => !askers.includes(region)).sort()
  const order = hub !== null && able.includes(hub) ? [hub, ...able.filter((region) => region !== hub)] : able
  const before = order.slice(0, order.indexOf(host.region))
  const unserved = askers.filter((asker) => {
    const incarnation = peers.statusOf(asker)?.incarnation
    return !before.some((region) => peers.statusOf(region)?.snapshot?.state.askers[asker] === incarnation)
  })
  const dueAtMs = unserved.map((asker) => snapshots.askedAtMs(asker) + before.length * unservedMs)
  const nowMs = links.clock.monotonicMs()
  snapshots.serveAtMs = Math.min(Number.POSITIVE_INFINITY, ...dueAtMs.filter((atMs) => atMs > nowMs))
  return dueAtMs.some((atMs) => atMs <= nowMs)
}

/** The asker has all that the snapshot has: it does not fetch it any more. */
function hasTaken(core: RoundsCore, snapshot: StateSnapshot, asker: string): boolean {
  if (!isIndependent(core)) return isPast(core, snapshot, asker)
  const others = Object.entries(snapshot.versions).filter(([region]) => region !== asker)
  const isBegun = core.parts.peers.statusOf(asker)?.hasBegun === true
  return isBegun && covers(appliedBy(core, asker), Object.fromEntries(others))
}

/** The asker is as far as the snapshot, and can not have the round after it. */
function isPast({ parts }: RoundsCore, { round }: StateSnapshot, asker: string): boolean {
  const status = parts.peers.statusOf(asker)
  return status?.hasBegun === true && status.committedRound >= round
}

function offerUpdated(core: RoundsCore, training: Training): void {
  const { host, links } = core.parts
  if (!core.tasks.mayStart('snapshot')) return
  // After the last round nothing is left to be told.
  const { isFinished } = core.common.values
  const parameters = isFinished ? copyOf(links.memory, training.replica.values) : host.shareable()
  // The next checkpoint is about to make it so.
  if (parameters === null) return
  core.tasks.start('snapshot', () => {
    const offering = core.snapshots.offer(snapshotNow(core, training), { parameters })
    links.memory.release(parameters)
    return offering
  })
}

/** Regions that ask, by incarnation. */
function askersOf({ parts: { peers } }: RoundsCore, mayHaveBegun = true): Readonly<Record<string, number>> {
  const statuses = peers.heardPeers.map((region) => [region, peers.statusOf(region)] as const)
  const asking = statuses.flatMap(([region, status]) =>
    status?.wantsSnapshot === true && (mayHaveBegun || !status.hasBegun) ? [[region, status.incarnation] as const] : [],
  )
  return Object.fromEntries(asking)
}

/** Those of them that have nothing. */
function emptyAskers(core: RoundsCore): Readonly<Record<string, number>> {
  return askersOf(core, false)
}

function isFor({ state }: StateSnapshot, askers: StateSnapshot['state']['askers']): boolean {
  return Object.entries(askers).every(([region, incarnation]) => state.askers[region] === incarnation)
}

/** Updates of others that an asker has applied. Those of a pruned region may never come here. */
function appliedBy(core: RoundsCore, region: string): Readonly<Record<string, number>> {
  const { members, peers } = core.parts
  const applied = Object.entries(peers.statusOf(region)?.applied ?? {})
  return Object.fromEntries(applied.filter(([name]) => members.live.includes(name)))
}

function covers(versions: Readonly<Record<string, number>>, applied: Readonly<Record<string, number>>): boolean {
  return Object.entries(applied).every(([region, seq]) => (versions[region] ?? 0) >= seq)
}

/**
 * Updates after those in the snapshot are still held by those who made them, as far as this region can tell; who lost its
 * disk holds none.
 */
function coversUpdates(core: RoundsCore, { versions }: StateSnapshot, askers: readonly string[]): boolean {
  const { members, peers, host } = core.parts
  const applied = host.versions()
  const isEmpty = (region: string): boolean => peers.statusOf(region)?.hasBegun !== true
  if (askers.some((region) => isEmpty(region) && (versions[region] ?? 0) < (applied[region] ?? 0))) return false
  if (!askers.every((region) => covers(versions, appliedBy(core, region)))) return false
  if ((versions[host.region] ?? 0) < (host.needed()[host.region] ?? 0)) return false
  return members.peers.every((region) => (versions[region] ?? 0) + 1 >= (peers.statusOf(region)?.firstSeq ?? 0))
}

function snapshotNow(core: RoundsCore, { replica, plan }: Training): Omit<StateSnapshot, 'vectors'> {
  const { committedRound, committedTerm } = core.agreement.state
  const { included, cursors, isFinished } = core.common.values
  return {
    round: committedRound,
    term: committedTerm,
    plan,
    included,
    cursors: { ...core.parts.host.cursors(), ...cursors },
    versions: core.parts.host.versions(),
    layout: replica.layout,
    state: {
      commits: core.common.shared?.commits ?? [],
      isFinished,
      askers: askersOf(core),
    },
  }
}
