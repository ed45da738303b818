// DC-ASGD (Zheng et al., arXiv 1609.08326): a peer's gradient was computed where the peer stood, not where we stand, and
// `lambda × g × g × (w now - w then)` is a cheap guess of how it changed on the way. "Then" is kept per sender: this
// replica as it stood right after the sender's previous update. (One backup for all senders would compensate against
// whoever came last.) For a sum of f gradients lambda / f is used, since the square of a sum is about f times too large.
import type { Replica } from '../../replica/replica.ts'
import type { VectorMemory } from '../../replica/memory.ts'
import type { Segment } from '../../replica/segments.ts'
import type { StrategySnapshot } from '../update-strategy.ts'
import type { UpdateHeader } from '../update.ts'

export class DelayCompensation {
  readonly #lambda: number
  readonly #replica: Replica
  readonly #memory: VectorMemory
  readonly #basisOf = new Map<string, Float32Array>()

  constructor(lambda: number, replica: Replica, memory: VectorMemory) {
    this.#lambda = lambda
    this.#replica = replica
    this.#memory = memory
  }

  /** Everybody stands where this replica stands now: at the first values, or at a snapshot's, which hold all of them. */
  start(peers: readonly string[]): void {
    for (const region of new Set([...peers, ...this.#basisOf.keys()])) this.#remember(region)
  }

  /** `parameters -= rate × compensated sum`, segment by segment. */
  apply(header: UpdateHeader, sum: Float32Array, weight: number, segments: readonly Segment[]): void {
    const basis = this.#basisOf.get(header.region)
    const lambda = this.#lambda / Math.max(1, header.steps)
    for (const { group, start, end } of segments) {
      const values = this.#replica.values.subarray(start, end)
      const then = basis?.subarray(start, end) ?? values
      const step = { lambda, learningRate: header.learningRates[group]! * weight }
      this.#memory.kernels.addCompensated(values, sum.subarray(start, end), then, step)
    }
  }

  /** Call once the whole update is applied, or left out: the sender's next one begins here. */
  took(region: string): void {
    this.#remember(region)
  }

  save(): StrategySnapshot {
    return { state: null, vectors: Object.fromEntries(this.#basisOf) }
  }

  restore({ vectors }: StrategySnapshot): void {
    for (const [region, basis] of Object.entries(vectors)) this.#memory.kernels.copy(this.#basis(region), basis)
  }

  #remember(region: string): void {
    this.#memory.kernels.copy(this.#basis(region), this.#replica.values)
  }

  #basis(region: string): Float32Array {
    const known = this.#basisOf.get(region)
    if (known !== undefined) return known
    const basis = this.#memory.allocate(this.#replica.elementCount)
    this.#basisOf.set(region, basis)
    return basis
  }
}
