// Who yields to whom, and what may be in flight: the parameters of the reflexes in the interposer, which holds a confined
// process back while those that it yields to are busy. A request waits for about segments x their length, plus the longest
// kernel. A confined instance that is held back and gets less than its request yields to nobody until it has it: the request is
// guaranteed to both sides, and Σ requests <= 1 makes that possible. One that fills bubbles first has them whole. Pure.
import type { SharingConfig } from './config.ts'
import type { Objective, Role, Work } from './gpu-sharing.ts'
import { layoutConstants, type Order } from './layout.ts'

/**
 * It is held back by others and had less than its request in the last second: 'in-bubbles' where those that it fills would have been
 * enough for that, and it fits into them.
 */
export type Starvation = 'no' | 'in-bubbles' | 'outright'

export type BarrierClient = {
  readonly slot: number
  readonly instanceId: string
  readonly role: Role
  readonly work: Work
  readonly isTokenByToken: boolean
  readonly objective: Objective | null
  readonly lastLaunchNs: number
  /** From a synchronisation to the next launch, lately; 0 when unknown. */
  readonly gapUs: number
  readonly starves: Starvation
}

export type Barrier = Pick<
  Order,
  'yieldsTo' | 'barrierUs' | 'segmentsMax' | 'segmentUs' | 'blockMaxUs' | 'patienceUs'
> & {
  readonly because: string
}

/** What the fill policy says: a smaller budget leaves less in flight at the end of a bubble. */
export type FillBounds = { readonly budget: number; readonly barrierUs: number | null }

export function barrierOf(
  client: BarrierClient,
  all: readonly BarrierClient[],
  fill: FillBounds,
  config: SharingConfig,
): Barrier {
  const blockMaxUs = config.barrier.blockMaxMs * 1000
  if (client.role === 'protected') {
    // Segments without a limit: it looks after its streams while it waits, and tells when only communication is left.
    const segmentUs = client.work === 'training' ? config.barrier.segmentUs * 2 : 0
    return { ...nobody, segmentUs, blockMaxUs, because: 'comes first' }
  }
  const peers = peersOf(client, all)
  if (peers.length === 0) return { ...nobody, blockMaxUs, because: 'has nobody to yield to' }
  const isFilling = peers.some((peer) => peer.work === 'training')
  const { segmentsMax, segmentUs } = isFilling ? fillSegments(fill.budget, config) : segmentsFor(peers, config)
  const inFlight = { segmentsMax, segmentUs, blockMaxUs: isFilling ? config.fill.blockMaxMs * 1000 : blockMaxUs }
  if (client.starves === 'outright')
    return { ...nobody, ...inFlight, because: 'yields to nobody until it has its request' }
  const shown = peers.slice(0, layoutConstants.yields)
  const names = shown.map((peer) => peer.instanceId).filter((id, index, ids) => ids.indexOf(id) === index)
  const more = peers.length > shown.length ? ` (${shown.length} of ${peers.length} processes, the newest active)` : ''
  return {
    ...inFlight,
    yieldsTo: shown.map((peer) => peer.slot),
    barrierUs: isFilling ? (fill.barrierUs ?? config.bubbles.probeUs) : barrierUsFor(peers, config.barrier),
    // A request ends in a synchronisation, always, but its host may be late between two launches; a training may launch ahead
    // for iterations.
    patienceUs: shown.some((peer) => peer.work === 'inference') ? config.barrier.patienceUs : config.bubbles.patienceUs,
    because: `${client.starves === 'in-bubbles' ? 'has whole bubbles until it has its request; ' : ''}yields to ${names.join(', ')}${more}, ${segmentsMax} x ${segmentUs} us in flight`,
  }
}

const nobody = { yieldsTo: [], barrierUs: 0, segmentsMax: 0, segmentUs: 0, patienceUs: 0 }

/** Protected processes of other instances, the newest active first when there are more than a line has room for. */
function peersOf(client: BarrierClient, all: readonly BarrierClient[]): readonly BarrierClient[] {
  const peers = all.filter((other) => other.role === 'protected' && other.instanceId !== client.instanceId)
  if (peers.length <= layoutConstants.yields) return peers
  // By the second, so that the choice does not change at every tick.
  const second = (peer: BarrierClient): number => Math.floor(peer.lastLaunchNs / 1e9)
  return peers.toSorted((a, b) => second(b) - second(a) || a.slot - b.slot)
}

function fillSegments(budget: number, config: SharingConfig): Pick<Barrier, 'segmentsMax' | 'segmentUs'> {
  const segmentUs = Math.max(50, Math.round(config.bubbles.segmentUs * budget))
  return { segmentsMax: config.bubbles.segmentsMax, segmentUs }
}

/** At most a tenth of the tightest objective in flight. */
function segmentsFor(
  peers: readonly BarrierClient[],
  { barrier }: SharingConfig,
): Pick<Barrier, 'segmentsMax' | 'segmentUs'> {
  const tightestMs = Math.min(...peers.map((peer) => peer.objective?.latencyMs ?? Infinity))
  const allowedUs = (tightestMs * 1000 * barrier.segmentsOfObjective) / barrier.segmentsMax
  const segmentUs = Math.round(Math.min(Math.max(allowedUs, barrier.segmentUsMin), barrier.segmentUs))
  return { segmentsMax: barrier.segmentsMax, segmentUs }
}

/** Between two tokens a client is idle for an instant: its device is not to be filled with others' work then. */
function barrierUsFor(peers: readonly BarrierClient[], config: SharingConfig['barrier']): number {
  const gaps = peers.filter((peer) => peer.isTokenByToken && peer.gapUs * 2 <= config.barrierUsMax)
  return Math.round(Math.max(config.barrierUs, ...gaps.map((peer) => peer.gapUs * 2)))
}
