// Who trains on which samples. An epoch is a permutation of the partition's samples; a lease is a range of positions
// in it that one worker holds. Workers that come, go or die give their unused positions back, and those are handed out
// before new ones, so each position of each epoch is used exactly once. There is no barrier: the next epoch starts
// while the last leases of the one before are still out. Pure: time comes in as numbers.
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'

export type Lease = {
  readonly leaseId: number
  /** Zero-based. */
  readonly epoch: number
  /** Positions [start, end) of the epoch's permutation. */
  readonly start: number
  readonly end: number
}

type Range = { readonly epoch: number; readonly start: number; readonly end: number }
type Held = { readonly lease: Lease; readonly holder: string; used: number }

export type LeaseSettings = {
  readonly samples: number
  readonly epochs: number
  /** Most positions in one lease. */
  readonly leaseSamples: number
  /** A holder silent for this long is reported by `expired`. */
  readonly stallTimeoutMs: number
}

export type LeaseSnapshot = {
  readonly samples: number
  readonly epochs: number
  /** The first position never handed out. */
  readonly nextEpoch: number
  readonly nextStart: number
  readonly nextLeaseId: number
  /** Positions before it that are still to be used, whoever held them. */
  readonly unused: readonly Range[]
}

/** A worker that holds this many leases at once uses none of them. */
const leasesPerHolderMax = 64

export class LeaseTable {
  readonly #settings: LeaseSettings
  #nextEpoch = 0
  #nextStart = 0
  #nextLeaseId = 1
  /** Sorted by epoch and start, neighbours merged. */
  #returned: Range[] = []
  readonly #held = new Map<number, Held>()
  readonly #lastSeenMs = new Map<string, number>()

  constructor(settings: LeaseSettings) {
    for (const name of ['samples', 'epochs', 'leaseSamples', 'stallTimeoutMs'] as const) {
      const value = settings[name]
      assert(Number.isSafeInteger(value) && value >= 1, `${name} is ${value}; it must be a whole number of 1 or more`)
    }
    this.#settings = settings
  }

  /** A table that goes on after `snapshot`; leases that were out when it was taken are unused again. */
  static restore(settings: LeaseSettings, snapshot: LeaseSnapshot): LeaseTable {
    const table = new LeaseTable(settings)
    for (const name of ['samples', 'epochs'] as const) {
      const text = `the checkpoint has ${name} ${snapshot[name]} where the job has ${settings[name]}`
      if (snapshot[name] !== settings[name]) throw new CloudlessError('conflict', 'LEASES_DIFFER', text)
    }
    table.#nextEpoch = snapshot.nextEpoch
    table.#nextStart = snapshot.nextStart
    table.#nextLeaseId = snapshot.nextLeaseId
    table.#returned = merged(snapshot.unused)
    return table
  }

  /** `wait`: everything is handed out, but what others hold may come back. `none-left`: every position is used. */
  grant(holder: string, nowMs: number): Lease | 'none-left' | 'wait' {
    this.touch(holder, nowMs)
    if (this.#leasesOf(holder).length >= leasesPerHolderMax) {
      const text = `${holder} holds ${leasesPerHolderMax} leases; use or leave them before asking for more`
      throw new CloudlessError('exhausted', 'TOO_MANY_LEASES', text)
    }
    const range = this.#takeReturned() ?? this.#takeNew()
    if (range === null) return this.#held.size === 0 ? 'none-left' : 'wait'
    const lease = { leaseId: this.#nextLeaseId++, ...range }
    this.#held.set(lease.leaseId, { lease, holder, used: 0 })
    return lease
  }

  /**
   * Records that `used` positions of the lease, counted from its start, are used. False, and nothing changes, where the
   * lease is not this holder's any more or `used` does not grow within it.
   */
  use(leaseId: number, holder: string, used: number, nowMs: number): boolean {
    if (!this.canUse(leaseId, holder, used)) return false
    const held = this.#held.get(leaseId)!
    this.touch(holder, nowMs)
    held.used = used
    if (used === held.lease.end - held.lease.start) this.#held.delete(leaseId)
    return true
  }

  /** What `use` would answer, without recording it. */
  canUse(leaseId: number, holder: string, used: number): boolean {
    const held = this.#held.get(leaseId)
    if (held === undefined || held.holder !== holder) return false
    return Number.isSafeInteger(used) && used > held.used && used <= held.lease.end - held.lease.start
  }

  /** Takes the holder's leases back; answers how many had unused positions. */
  release(holder: string): number {
    const leases = this.#leasesOf(holder)
    for (const { lease } of leases) this.#held.delete(lease.leaseId)
    this.#returned = merged([...this.#returned, ...leases.map(unusedOf)])
    this.#lastSeenMs.delete(holder)
    return leases.length
  }

  /** Says that the holder is alive though it uses nothing just now, for example while it evaluates. */
  touch(holder: string, nowMs: number): void {
    this.#lastSeenMs.set(holder, nowMs)
  }

  /** Holders of leases that have been silent for the stall time-out, in ascending order. */
  expired(nowMs: number): readonly string[] {
    const holders = new Set(Array.from(this.#held.values(), ({ holder }) => holder))
    const limitMs = nowMs - this.#settings.stallTimeoutMs
    return [...holders].filter((holder) => this.#lastSeenMs.get(holder)! <= limitMs).sort()
  }

  /** When the holder was last heard of; null for one that never was. */
  lastSeenMs(holder: string): number | null {
    return this.#lastSeenMs.get(holder) ?? null
  }

  get stallTimeoutMs(): number {
    return this.#settings.stallTimeoutMs
  }

  /** Positions used, over all epochs. */
  get samplesDone(): number {
    let unused = 0
    for (const { start, end } of this.#unused()) unused += end - start
    return this.#nextEpoch * this.#settings.samples + this.#nextStart - unused
  }

  get samplesTotal(): number {
    return this.#settings.samples * this.#settings.epochs
  }

  /** Progress in epochs, for example 1.5. */
  get epoch(): number {
    return this.samplesDone / this.#settings.samples
  }

  /** Epochs of which every position, and every position before, is used. */
  get epochsDone(): number {
    const first = this.#unused().reduce((least, { epoch }) => Math.min(least, epoch), this.#nextEpoch)
    return Math.min(first, this.#settings.epochs)
  }

  get isDone(): boolean {
    return this.samplesDone === this.samplesTotal
  }

  /** The zero-based epoch of a lease that is out. */
  epochOf(leaseId: number): number | null {
    return this.#held.get(leaseId)?.lease.epoch ?? null
  }

  snapshot(): LeaseSnapshot {
    return {
      samples: this.#settings.samples,
      epochs: this.#settings.epochs,
      nextEpoch: this.#nextEpoch,
      nextStart: this.#nextStart,
      nextLeaseId: this.#nextLeaseId,
      unused: merged(this.#unused()),
    }
  }

  #leasesOf(holder: string): readonly Held[] {
    return [...this.#held.values()].filter((held) => held.holder === holder)
  }

  #unused(): readonly Range[] {
    return [...this.#returned, ...Array.from(this.#held.values(), unusedOf)]
  }

  #takeReturned(): Range | null {
    const [first, ...others] = this.#returned
    if (first === undefined) return null
    const end = Math.min(first.end, first.start + this.#settings.leaseSamples)
    this.#returned = end === first.end ? others : [{ ...first, start: end }, ...others]
    return { ...first, end }
  }

  #takeNew(): Range | null {
    const { samples, epochs, leaseSamples } = this.#settings
    if (this.#nextEpoch === epochs) return null
    const epoch = this.#nextEpoch
    const start = this.#nextStart
    const end = Math.min(samples, start + leaseSamples)
    const isEpochOut = end === samples
    this.#nextEpoch = isEpochOut ? epoch + 1 : epoch
    this.#nextStart = isEpochOut ? 0 : end
    return { epoch, start, end }
  }
}

function unusedOf({ lease, used }: Held): Range {
  return { epoch: lease.epoch, start: lease.start + used, end: lease.end }
}

function merged(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a.epoch - b.epoch || a.start - b.start)
  const result: Range[] = []
  for (const range of sorted) {
    const last = result.at(-1)
    const isNeighbour = last !== undefined && last.epoch === range.epoch && last.end === range.start
    if (isNeighbour) result[result.length - 1] = { ...last, end: range.end }
    else result.push(range)
  }
  return result
}
