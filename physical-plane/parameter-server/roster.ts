// The workers of a partition that have joined and not left.
import { CloudlessError } from '#runtime/errors.ts'

export type RosterEntry = {
  readonly workerId: string
  readonly instanceId: string
  /** It was given a lease, so steps are to be expected of it. */
  hasTrained: boolean
  /** It waits for an answer of ours: silence is not its fault, and no step will come before. */
  waits: number
  isEvaluating: boolean
}

export class Roster {
  readonly #entries = new Map<string, RosterEntry>()
  #evaluator: string | null = null
  readonly #hasHoldout: boolean

  constructor(hasHoldout: boolean) {
    this.#hasHoldout = hasHoldout
  }

  get count(): number {
    return this.#entries.size
  }

  get entries(): readonly RosterEntry[] {
    return [...this.#entries.values()]
  }

  /** The worker that evaluates: the longest joined. Null where the region has no held-out data or no worker. */
  get evaluator(): string | null {
    return this.#evaluator
  }

  add(workerId: string, instanceId: string): RosterEntry {
    const entry = { workerId, instanceId, hasTrained: false, waits: 0, isEvaluating: false }
    this.#entries.set(workerId, entry)
    if (this.#hasHoldout) this.#evaluator ??= workerId
    return entry
  }

  get(workerId: string): RosterEntry {
    const entry = this.#entries.get(workerId)
    if (entry !== undefined) return entry
    const text = `worker ${workerId} is not a member of this partition; join first`
    throw new CloudlessError('conflict', 'NOT_JOINED', text, { metadata: { workerId } })
  }

  has(workerId: string): boolean {
    return this.#entries.has(workerId)
  }

  remove(workerId: string): boolean {
    const wasMember = this.#entries.delete(workerId)
    if (this.#evaluator === workerId) this.#evaluator = this.entries[0]?.workerId ?? null
    return wasMember
  }
}
