// What happens next, by time and then in the order in which it was put there: a binary heap.

type Entry<Event> = { readonly atMs: number; readonly order: number; readonly event: Event }

export class EventHeap<Event> {
  readonly #entries: Entry<Event>[] = []
  #order = 0

  get nextAtMs(): number {
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  push(atMs: number, event: Event): void {
    const entry = { atMs, order: this.#order++, event }
    let at = this.#entries.length
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(entry, this.#entries[above]!)) break
      this.#entries[at] = this.#entries[above]!
      at = above
    }
    this.#entries[at] = entry
  }

  pop(): Event | null {
    const first = this.#entries[0]
    const last = this.#entries.pop()
    if (first === undefined || last === undefined) return null
    if (this.#entries.length > 0) this.#sink(last)
    return first.event
  }

  #sink(entry: Entry<Event>): void {
    const entries = this.#entries
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= entries.length) break
      if (below + 1 < entries.length && isBefore(entries[below + 1]!, entries[below]!)) below += 1
      if (!isBefore(entries[below]!, entry)) break
      entries[at] = entries[below]!
      at = below
    }
    entries[at] = entry
  }
}

function isBefore<Event>(a: Entry<Event>, b: Entry<Event>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
