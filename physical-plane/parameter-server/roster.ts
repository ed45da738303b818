// The workers of a partition that have joined and not left, and how long each had to wait for others.
import { CloudlessError } from '#runtime/errors.ts'

/** Of a step in the moving average of a worker's speed. */
const speedWeight = 0.1
/** Enough for every class of devices that a partition may have. */
const speedsMax = 64

export type RosterEntry = {
  readonly workerId: string
  readonly instanceId: string
  /** It was given a lease, so steps are to be expected of it. */
  hasTrained: boolean
  /** It waits for an answer of ours: silence is not its fault, and no step will come before. */
  waits: number
  isEvaluating: boolean
  hasStepped: boolean
  /** Since its first step. */
  waitedMs: number
  /** Answers of ours that it waits for, and since when it waits for any. */
  pauses: number
  pausedSinceMs: number
  /** Seconds that a sample takes it, without what it waited, a moving average; 0 before its second step. */
  sampleSeconds: number
  steppedAtMs: number
  waitedAtStepMs: number
}

export type WorkerUse = {
  readonly instanceId: string
  readonly hasStepped: boolean
  /** Since its first step: for other workers, for other regions, or for the end. */
  readonly waitedSeconds: number
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
    const none = { hasTrained: false, waits: 0, isEvaluating: false, hasStepped: false }
    const times = { waitedMs: 0, pauses: 0, pausedSinceMs: 0, sampleSeconds: 0, steppedAtMs: 0, waitedAtStepMs: 0 }
    const entry = { workerId, instanceId, ...none, ...times }
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

  /** It can not go on by itself from now on. What it waits for before its first step is part of its start. */
  pause(entry: RosterEntry, monotonicMs: number): void {
    if (entry.pauses === 0) entry.pausedSinceMs = monotonicMs
    entry.pauses += 1
  }

  resume(entry: RosterEntry, monotonicMs: number): void {
    entry.pauses -= 1
    if (entry.pauses === 0 && entry.hasStepped) entry.waitedMs += monotonicMs - entry.pausedSinceMs
  }

  /** Its gradient of so many samples counts. */
  stepped(entry: RosterEntry, samples: number, monotonicMs: number): void {
    const waitedMs = entry.waitedMs + (entry.pauses > 0 && entry.hasStepped ? monotonicMs - entry.pausedSinceMs : 0)
    const workedMs = monotonicMs - entry.steppedAtMs - (waitedMs - entry.waitedAtStepMs)
    if (entry.hasStepped && workedMs > 0) {
      const seconds = workedMs / 1000 / samples
      const isFirst = entry.sampleSeconds === 0
      entry.sampleSeconds = isFirst ? seconds : entry.sampleSeconds + speedWeight * (seconds - entry.sampleSeconds)
    }
    entry.hasStepped = true
    entry.steppedAtMs = monotonicMs
    entry.waitedAtStepMs = waitedMs
  }

  /** Samples per second of each instance while it does not wait; of those that have made two steps, and of so many at most. */
  speeds(): Readonly<Record<string, number>> {
    const known = this.entries.filter(({ sampleSeconds }) => sampleSeconds > 0)
    const speeds = known.map(({ instanceId, sampleSeconds }) => [instanceId, 1 / sampleSeconds] as const)
    return Object.fromEntries(speeds.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, speedsMax))
  }

  /** How each instance uses its time; of an instance that joined twice the newest. */
  uses(monotonicMs: number): readonly WorkerUse[] {
    const uses = this.entries.map(({ instanceId, hasStepped, waitedMs, pauses, pausedSinceMs }): WorkerUse => {
      const nowMs = pauses > 0 && hasStepped ? monotonicMs - pausedSinceMs : 0
      return { instanceId, hasStepped, waitedSeconds: (waitedMs + nowMs) / 1000 }
    })
    const newest = new Map(uses.map((use) => [use.instanceId, use]))
    return [...newest.values()].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
  }

  remove(workerId: string): boolean {
    const wasMember = this.#entries.delete(workerId)
    if (this.#evaluator === workerId) this.#evaluator = this.entries[0]?.workerId ?? null
    return wasMember
  }
}
