// What crosses the WAN where regions do not wait for each other: a header that says what it is and whose, and an encoded
// vector in the order of the layout. Updates of one region are numbered from 1 without gaps; a receiver applies each
// once, in order.
import type { CodecName } from '#proto/sync/settings.ts'
import type { Layout } from '../replica/layout.ts'
import type { Payload } from '../rounds/types.ts'

/** `significant` is sparse, so its length is not given by its codec; it is at most `significantBytesMax(elements)`. */
export type UpdateKind = 'initial' | 'gradient' | 'delta' | 'significant' | 'mass'

export type UpdateHeader = {
  readonly region: string
  readonly seq: number
  readonly kind: UpdateKind
  readonly round: number
  /** Mini-batch gradients in it. */
  readonly steps: number
  readonly samples: number
  /** One per parameter group: what a receiver multiplies a gradient sum with. */
  readonly learningRates: readonly number[]
  /** The sender's version vector when it began to accumulate. */
  readonly basis: Readonly<Record<string, number>>
  readonly mass: number
  /** Only this region applies it, the others just count it; empty means every region. */
  readonly targetRegion: string
  /** Null where it comes for another region. */
  readonly payload: Payload | null
  /** The sender's position in its data: JSON of its lease table when this was sealed. */
  readonly cursor: string
  /** |u - decode(encode(u))| / |u|. */
  readonly codecError: number
  /** Set for `initial`. */
  readonly layout: Layout | null
}

/** `bytes` has the length that the header's payload says and was checked against its hash; null without payload. */
export type Update = { readonly header: UpdateHeader; readonly bytes: Uint8Array | null }

/** An update that its strategy has made and the outbox has not numbered yet. The bytes belong to the draft. */
export type Draft = Omit<UpdateHeader, 'region' | 'seq' | 'payload' | 'cursor'> & {
  readonly encoded: { readonly bytes: Uint8Array; readonly codec: CodecName; readonly elements: number }
}

/** Chunks of 4096 elements: a count, and per element that is sent an index of 2 bytes and a value of 4. */
export function significantBytesMax(elements: number): number {
  return 2 * Math.ceil(elements / 4096) + 6 * elements
}

/** A draft of this kind without what it is about. */
export function draftOf(kind: UpdateKind, round: number): Omit<Draft, 'encoded'> {
  return {
    kind,
    round,
    steps: 0,
    samples: 0,
    learningRates: [],
    basis: {},
    mass: 0,
    targetRegion: '',
    codecError: 0,
    layout: null,
  }
}
