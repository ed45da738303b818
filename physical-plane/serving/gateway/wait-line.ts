// A line of requests: first come, first served, each with a deadline; any may leave at any time. Pure but for its own state: time is
// handed in. Leaving costs nothing: who has left is passed over when its turn comes, and forgotten once most of the line has left.

export type Waiting = {
  readonly deadlineMs: number
  readonly bytes: number
}

type Place<T> = { readonly item: T; hasLeft: boolean }

export class WaitLine<T extends Waiting> {
  /** In order; those before `#head` are gone. */
  #places: Place<T>[] = []
  #head = 0
  readonly #placeOf = new Map<T, Place<T>>()
  #bytes = 0

  get length(): number {
    return this.#placeOf.size
  }
  get bytes(): number {
    return this.#bytes
  }

  push(item: T): void {
    const place = { item, hasLeft: false }
    this.#places.push(place)
    this.#enter(place)
  }

  /** Before all others: who has waited already and was failed by no fault of its own. */
  pushFront(item: T): void {
    const place = { item, hasLeft: false }
    if (this.#head > 0) this.#places[--this.#head] = place
    else this.#places.unshift(place)
    this.#enter(place)
  }

  /** Whose turn it is; null in an empty line. */
  first(): T | null {
    while (this.#head < this.#places.length) {
      const place = this.#places[this.#head]!
      if (!place.hasLeft) return place.item
      this.#head += 1
    }
    return null
  }

  /** False when it was not in the line. */
  leave(item: T): boolean {
    const place = this.#placeOf.get(item)
    if (place === undefined) return false
    place.hasLeft = true
    this.#placeOf.delete(item)
    this.#bytes -= item.bytes
    this.#tidy()
    return true
  }

  /** Takes out all whose deadline has passed. */
  expire(nowMs: number): readonly T[] {
    const expired = [...this.#placeOf.keys()].filter(({ deadlineMs }) => deadlineMs <= nowMs)
    for (const item of expired) this.leave(item)
    return expired
  }

  takeAll(): readonly T[] {
    const all = this.#places.slice(this.#head).flatMap(({ item, hasLeft }) => (hasLeft ? [] : [item]))
    for (const item of all) this.leave(item)
    return all
  }

  #enter(place: Place<T>): void {
    this.#placeOf.set(place.item, place)
    this.#bytes += place.item.bytes
  }

  #tidy(): void {
    const { length } = this.#places
    if (this.length === 0) {
      this.#places = []
      this.#head = 0
    } else if (length > 64 && length > 2 * this.length) {
      this.#places = this.#places.slice(this.#head).filter(({ hasLeft }) => !hasLeft)
      this.#head = 0
    }
  }
}
