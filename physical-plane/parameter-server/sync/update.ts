// What crosses the WAN: a header that says what it is and whose, and a flat float32 vector in the order of the layout.
// Updates of one region are numbered from 1 without gaps; a receiver applies each once, in order.
import type { Layout } from '../replica/layout.ts'

export type UpdateKind = 'initial' | 'gradient' | 'delta' | 'model' | 'mass' | 'drained' | 'final'

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
  readonly payloadBytes: number
  /** Lower-case hex; empty without payload. */
  readonly payloadSha256: string
  /** Set for `initial`. */
  readonly layout: Layout | null
}

export type Update = { readonly header: UpdateHeader; readonly payload: Float32Array }

/** An update that its strategy has made and the outbox has not numbered yet. The payload belongs to the draft. */
export type Draft = Omit<UpdateHeader, 'region' | 'seq' | 'payloadBytes' | 'payloadSha256'> & {
  readonly payload: Float32Array
}

const noPayload = new Float32Array(0)

/** A draft of this kind with nothing in it yet. */
export function draftOf(kind: UpdateKind, round: number): Draft {
  return {
    kind,
    round,
    steps: 0,
    samples: 0,
    learningRates: [],
    basis: {},
    mass: 0,
    targetRegion: '',
    payload: noPayload,
    layout: null,
  }
}
