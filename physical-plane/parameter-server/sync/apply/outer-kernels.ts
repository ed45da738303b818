// What the apply rules ask of loops over whole vectors. Rules are generic over the kind of vector, so that the very same
// code runs on the arena in float32 and, where its equations are tested to 1e-12, in float64.

export type Vector = Float32Array | Float64Array

export type OuterStep = { readonly learningRate: number; readonly momentum: number }

/** Vectors of one call have one length and do not overlap. */
export interface OuterKernels<V extends Vector> {
  /** target = source */
  copy(target: V, source: V): void
  /** vector = 0 */
  clear(vector: V): void
  /** target += source × scale */
  addScaled(target: V, source: V, scale: number): void
  /** target ×= factor */
  scale(target: V, factor: number): void
  /** velocity = velocity × momentum + delta; shared -= learning rate × (delta + velocity × momentum) */
  outerNesterov(shared: V, velocity: V, delta: V, step: OuterStep): void
  /** local = shared + (local - sent) */
  rebase(local: V, shared: V, sent: V): void
  /** local = shared × (1 - weight) + local × weight */
  mix(local: V, shared: V, weight: number): void
}

/** A view on a part of the vector. */
export function part<V extends Vector>(vector: V, start: number, end: number): V {
  return vector.subarray(start, end) as V
}
