// A region for tests of the links: a plain object with an outbox that is a list, and a record of all that it was told.
import { createHash } from 'node:crypto'
import { assert } from '#runtime/assert.ts'
import type { CloudlessError } from '#runtime/errors.ts'
import { ChangeSignal } from '../change-signal.ts'
import { Members, type PeerAddress } from '../members.ts'
import type { MeasuredLink, Payload, PeerStatus } from '../rounds/types.ts'
import { draftOf, type Update, type UpdateHeader } from '../sync/update.ts'
import type { PayloadMemory } from './payload-memory.ts'
import type { PeerSide } from './peer-side.ts'
import { Shelf } from './shelf.ts'

export type Told = {
  readonly updates: { readonly seq: number; readonly hash: string }[]
  readonly leftOut: { readonly seq: number; readonly reason: string }[]
  readonly statuses: { readonly region: string; readonly revision: number }[]
  readonly refused: { readonly region: string; readonly reason: string; readonly text: string }[]
  readonly measured: MeasuredLink[]
  readonly acknowledged: number[]
  readonly called: { readonly region: string; readonly endpoint: string }[]
  sentBytes: number
  receivedBytes: number
  heard: number
}

export type ASide = PeerSide & {
  readonly told: Told
  readonly sealed: UpdateHeader[]
  status: PeerStatus
  endpoint: string
  /** What `objection` answers. */
  onHeader: (header: UpdateHeader) => CloudlessError | null
  /** What `receive` waits for or throws. */
  onReceive: (update: Update) => Promise<void>
  applied: Map<string, number>
  durable: Map<string, number>
  /** Seals an update of these bytes and puts them on the shelf. */
  seal(bytes: Uint8Array): UpdateHeader
  say(change: Partial<PeerStatus>): void
  knows(peers: readonly Pick<PeerAddress, 'region' | 'endpoint'>[]): void
}

export function aPayload(bytes: Uint8Array): Payload {
  return { sha256: hashOf(bytes), bytes: bytes.byteLength, codec: 'fp32', elements: bytes.byteLength / 4 }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that differ everywhere. */
export function pattern(bytes: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) => (Math.imul(at + seed, 2_654_435_761) >>> 24) & 255)
}

export function aHeader(change: Partial<UpdateHeader> = {}): UpdateHeader {
  const draft = { ...draftOf('delta', 0), encoded: undefined }
  return { ...draft, region: 'a', seq: 1, payload: aPayload(pattern(64)), cursor: '{}', ...change }
}

export function aStatus(change: Partial<PeerStatus> = {}): PeerStatus {
  return {
    incarnation: 7,
    revision: 1,
    book: { epoch: 0, peers: [] },
    isLeaving: false,
    term: 0,
    votedFor: '',
    isHub: false,
    isCandidate: false,
    follows: '',
    committedRound: 0,
    committedTerm: 0,
    hasBegun: false,
    recent: [],
    accepted: null,
    proposed: null,
    contribution: null,
    hasDrained: false,
    hasFinished: false,
    stepsPerSecond: 0,
    links: [],
    snapshot: null,
    wantsSnapshot: false,
    applied: {},
    firstSeq: 1,
    lastSeq: 0,
    knownFinished: [],
    ...change,
  }
}

export function aSide(region: string, regions: readonly string[] = ['a', 'b']): ASide {
  const told: Told = {
    updates: [],
    statuses: [],
    leftOut: [],
    refused: [],
    measured: [],
    acknowledged: [],
    called: [],
    sentBytes: 0,
    receivedBytes: 0,
    heard: 0,
  }
  let epoch = 0
  const side: ASide = {
    told,
    region,
    members: new Members(
      region,
      regions.map((name) => ({ region: name, dataShare: 1 / regions.length })),
    ),
    changed: new ChangeSignal(),
    shelf: new Shelf(),
    sealed: [],
    status: aStatus(),
    endpoint: '',
    onReceive: () => Promise.resolve(),
    onHeader: () => null,
    applied: new Map(),
    durable: new Map(),
    updateAfter: (seq) => side.sealed.find((header) => header.seq === seq + 1) ?? null,
    acknowledge: (_, seq) => void told.acknowledged.push(seq),
    sent: (_, bytes) => void (told.sentBytes += bytes),
    appliedSeqOf: (from) => side.applied.get(from) ?? 0,
    durableSeqOf: (from) => side.durable.get(from) ?? 0,
    receive: async (update) => {
      await side.onReceive(update)
      const { header, bytes } = update
      told.updates.push({ seq: header.seq, hash: bytes === null ? '' : hashOf(bytes) })
      side.applied.set(header.region, header.seq)
      side.changed.notify()
    },
    called: (from, endpoint) => void told.called.push({ region: from, endpoint }),
    objection: (header) => side.onHeader(header),
    leaveOut: (from, seq, why) => {
      told.leftOut.push({ seq, reason: why.reason })
      side.applied.set(from, seq)
      side.changed.notify()
      return Promise.resolve()
    },
    heard: () => void (told.heard += 1),
    statusChanged: (from, { revision }) => {
      told.statuses.push({ region: from, revision })
      side.changed.notify()
    },
    received: (_, bytes) => void (told.receivedBytes += bytes),
    measured: (link) => void told.measured.push(link),
    refused: (from, reason, text) => {
      told.refused.push({ region: from, reason, text })
      side.changed.notify()
    },
    seal: (bytes) => {
      const payload = aPayload(bytes)
      side.shelf.put(payload.sha256, bytes)
      const header = aHeader({ region, seq: side.sealed.length + 1, payload })
      side.sealed.push(header)
      side.changed.notify()
      return header
    },
    say: (change) => {
      side.status = { ...side.status, ...change, revision: side.status.revision + 1 }
      side.changed.notify()
    },
    knows: (peers) => {
      side.members.replace({ epoch: ++epoch, peers: peers.map((peer) => ({ ...peer, pruned: false })) })
      side.changed.notify()
    },
  }
  return side
}

/** Ordinary memory that knows what has not come back. */
export function countedMemory(): PayloadMemory & { readonly usedBytes: number } {
  const used = new Set<Uint8Array>()
  return {
    get usedBytes() {
      return [...used].reduce((sum, { byteLength }) => sum + byteLength, 0)
    },
    allocate: (bytes) => {
      const memory = new Uint8Array(bytes)
      used.add(memory)
      return memory
    },
    release: (bytes) => assert(used.delete(bytes), `${bytes.byteLength} bytes were released that are not in use`),
  }
}

/** Resolves once it is true, looking after every change. */
export async function until(side: PeerSide, isTrue: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(20_000)
  while (!isTrue()) await side.changed.wait(signal)
}
