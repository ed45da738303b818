// A clock that stands still until it is told to go on. Timers fire in order of time, then of creation, so that the
// same program gives the same history. Limit: work that waits on real IO is not seen by it.
import { sleepOn, type Clock, type Timer } from './clock.ts'

type Entry = { readonly atMs: number; readonly order: number; readonly run: () => void; isCancelled: boolean }

export class VirtualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  #order = 0
  readonly #heap: Entry[] = []
  readonly sleep: Clock['sleep']

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs
    this.#startMs = startMs
    this.sleep = sleepOn((delayMs, run) => this.after(delayMs, run))
  }

  /** Whole milliseconds, as the system's clock gives them. */
  now(): number {
    return Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  after(delayMs: number, run: () => void): Timer {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run, isCancelled: false }
    push(this.#heap, entry)
    return {
      cancel: () => {
        entry.isCancelled = true
      },
    }
  }

  /** Fires the next timer, if any is due at or before `untilMs`, and lets its promises settle. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > untilMs) return false
      pop(this.#heap)
      if (next.isCancelled) continue
      this.#nowMs = next.atMs
      next.run()
      await settle()
      return true
    }
  }

  /** Runs every timer of the next `durationMs` and then stands at the end of it. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs
    await settle()
    while (await this.step(untilMs));
    this.#nowMs = untilMs
  }
}

/** Waits until no promise can make progress without a timer or IO. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  heap.push(entry)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(entry, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
}
