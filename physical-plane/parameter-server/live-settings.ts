// How regions synchronise, as everything in a partition reads it: one object, in which the control plane may change how often
// they exchange while training goes on. What else there is to a strategy is as it was when the partition began.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Log } from '#runtime/log.ts'
import type { AddressBook } from './members.ts'

/** 0: as it is. */
export type IntervalOrder = { readonly interval: number; readonly intervalMin: number }

/** What the agent passes on from the control plane. */
export type PartitionDirective = {
  readonly book: AddressBook | null
  readonly drain: boolean
  readonly interval?: IntervalOrder
}

export class LiveSettings {
  readonly #values: { -readonly [Name in keyof SyncSettings]: SyncSettings[Name] }

  constructor(settings: SyncSettings) {
    this.#values = { ...settings }
  }

  /** Never a copy: whoever holds it sees the changes. */
  get values(): SyncSettings {
    return this.#values
  }

  order({ interval, intervalMin }: IntervalOrder, log: Log): void {
    const { interval: before, intervalMin: leastBefore, intervalMax } = this.#values
    if (interval > 0) this.#values.interval = interval
    if (intervalMin > 0) this.#values.intervalMin = Math.min(intervalMin, intervalMax)
    const { interval: now, intervalMin: least } = this.#values
    if (now !== before || least !== leastBefore) log.info({ interval: now, intervalMin: least }, 'another interval')
  }
}
