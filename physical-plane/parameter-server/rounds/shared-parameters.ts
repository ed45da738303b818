// What all regions of a job have in common: the parameters as of the last committed round and what the outer optimiser
// keeps beside them. Only committed results change it, the same bits in every region. The replica that workers train is
// this plus the local steps that no round contains yet.
import { createHash } from 'node:crypto'
import { present } from '#runtime/assert.ts'
import type { Layout } from '../replica/layout.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Replica } from '../replica/replica.ts'
import {
  applyResult,
  outerVectorNames,
  type ApplyOptions,
  type OuterVectors,
  type RoundRule,
} from '../sync/apply/apply-result.ts'
import { piecesOf, type Piece } from '../sync/apply/pieces.ts'
import { elementsIn, fragmentsOf, type Range } from '../sync/membership/fragments.ts'

/** A part of the model that is exchanged at once. */
export type Cut = { readonly ranges: readonly Range[]; readonly pieces: readonly Piece[]; readonly elements: number }

type Vectors = Readonly<Record<string, Float32Array>>

export class SharedParameters {
  readonly values: Float32Array
  readonly #layout: Layout
  readonly #replica: Replica
  readonly #memory: VectorMemory
  readonly #rule: RoundRule
  readonly #outer: OuterVectors<Float32Array>
  readonly #cuts = new Map<number, readonly Cut[]>()
  /** Commits per fragment, for rules that count them. */
  #commits: readonly number[] = []

  constructor(rule: RoundRule, replica: Replica, memory: VectorMemory) {
    this.#rule = rule
    this.#replica = replica
    this.#layout = replica.layout
    this.#memory = memory
    this.values = memory.allocate(replica.elementCount)
    const names = outerVectorNames(rule)
    this.#outer = Object.fromEntries(names.map((name) => [name, memory.allocate(replica.elementCount)]))
  }

  /** The replica's first values are everybody's. */
  start(): void {
    this.#memory.kernels.copy(this.values, this.#replica.values)
  }

  cut(fragments: number, fragment: number): Cut {
    let cuts = this.#cuts.get(fragments)
    if (cuts === undefined) {
      cuts = fragmentsOf(this.#layout, fragments).map((ranges) => ({
        ranges,
        pieces: piecesOf(ranges, this.#replica.parameterCount),
        elements: elementsIn(ranges),
      }))
      this.#cuts.set(fragments, cuts)
    }
    return present(cuts[fragment % cuts.length], `fragment ${fragment} of ${cuts.length}`)
  }

  /** The fragment's elements of a whole vector, as a vector of its own that the caller releases. */
  gather(whole: Float32Array, { ranges, elements }: Cut): Float32Array {
    const gathered = this.#memory.allocate(elements)
    let at = 0
    for (const { start, end } of ranges) {
      this.#memory.kernels.copy(gathered.subarray(at, at + end - start), whole.subarray(start, end))
      at += end - start
    }
    return gathered
  }

  /** Puts the fragment's elements back into a whole vector. */
  scatter(gathered: Float32Array, whole: Float32Array, { ranges }: Cut): void {
    let at = 0
    for (const { start, end } of ranges) {
      this.#memory.kernels.copy(whole.subarray(start, end), gathered.subarray(at, at + end - start))
      at += end - start
    }
  }

  /** The outer step with the decoded result of a round. `rule` differs from the strategy's in the last round. */
  apply(rule: RoundRule, result: Float32Array, cut: Cut, fragment: number, step: Omit<ApplyOptions, 'commits'>): void {
    const commits = this.#commits[fragment] ?? 0
    const vectors = { shared: this.values, ...this.#outer }
    applyResult(rule, this.#memory.kernels, vectors, result, cut.pieces, { ...step, commits })
    // A new list: a checkpoint that is being written holds the one before.
    const counted = [...this.#commits]
    for (let i = counted.length; i <= fragment; i++) counted.push(0)
    counted[fragment] = commits + 1
    this.#commits = counted
  }

  /** The vectors themselves. Everything in them was committed. */
  vectors(): Vectors {
    return { parameters: this.values, ...this.#outer }
  }

  get commits(): readonly number[] {
    return this.#commits
  }

  /** Takes over what a checkpoint or snapshot holds. */
  restore(vectors: Vectors, commits: readonly number[]): void {
    for (const [name, target] of Object.entries(this.vectors())) {
      this.#memory.kernels.copy(target, present(vectors[name], `the vector ${name} of a checkpoint`))
    }
    this.#commits = [...commits]
  }

  get rule(): RoundRule {
    return this.#rule
  }

  /** sha256 over all vectors: equal in every region after the same round. */
  async hash(): Promise<string> {
    const names = Object.keys(this.vectors()).sort()
    const parts = await Promise.all(names.map((name) => this.#memory.sha256(this.vectors()[name]!)))
    return createHash('sha256').update(parts.join()).digest('hex')
  }
}
