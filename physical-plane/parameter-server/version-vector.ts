// Which updates of which region are applied. Delivery may repeat and streams may be cut anywhere; this makes each update
// count once and in order.
import { CloudlessError } from '#runtime/errors.ts'

export class VersionVector {
  readonly #applied: Map<string, number>

  constructor(applied: Readonly<Record<string, number>> = {}) {
    this.#applied = new Map(Object.entries(applied))
  }

  of(region: string): number {
    return this.#applied.get(region) ?? 0
  }

  /** Whether the update is the next one; false for one that is applied already. A gap is an error. */
  isNext(region: string, seq: number): boolean {
    const applied = this.of(region)
    if (seq <= applied) return false
    if (seq === applied + 1) return true
    const text = `update ${seq} of ${region} came after ${applied}; updates between them are missing`
    throw new CloudlessError('conflict', 'UPDATE_GAP', text, { metadata: { region } })
  }

  advance(region: string, seq: number): void {
    if (this.isNext(region, seq)) this.#applied.set(region, seq)
  }

  /** Everything up to `seq` is in a snapshot that was taken over. */
  advanceTo(region: string, seq: number): void {
    this.#applied.set(region, Math.max(seq, this.of(region)))
  }

  entries(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#applied].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
