// Which bytes of an arena belong to whom. First fit, neighbours join when they are free. A block that is released comes
// back only when the kernels asked for before are done, since they may still use it.
import { assert } from '#runtime/assert.ts'

const alignmentBytes = 64

type Block = { readonly start: number; readonly end: number }

export type Taken = {
  readonly start: number
  /** Never taken before. */
  readonly isUntouched: boolean
}

export class Blocks {
  /** Sorted by start, never touching one another. */
  #free: Block[]
  readonly #used = new Map<number, Block>()
  /** In the order of release. */
  #released: { readonly block: Block; readonly after: number }[] = []
  #touchedEnd: number

  /** `start` bytes are someone else's. Kernels compute the address behind a vector, which must not wrap at 4 GiB. */
  constructor(start: number, end: number) {
    this.#free = [{ start: alignUp(start), end: end - alignmentBytes }]
    this.#touchedEnd = alignUp(start)
  }

  /** Null where there is no room. */
  take(bytes: number): Taken | null {
    const length = alignUp(Math.max(bytes, 1))
    const index = this.#free.findIndex((block) => block.end - block.start >= length)
    if (index === -1) return null
    const { start, end } = this.#free[index]!
    if (end - start === length) this.#free.splice(index, 1)
    else this.#free[index] = { start: start + length, end }
    this.#used.set(start, { start, end: start + length })
    const isUntouched = start >= this.#touchedEnd
    this.#touchedEnd = Math.max(this.#touchedEnd, start + length)
    return { start, isUntouched }
  }

  /** Free for others after the command of count `after`. */
  release(start: number, after: number): void {
    const block = this.#used.get(start)
    assert(block !== undefined, `release: no vector was allocated at ${start}`)
    this.#used.delete(start)
    this.#released.push({ block, after })
  }

  /** Commands up to the count `done` are done. */
  reclaim(done: number): void {
    while (this.#released.length > 0 && this.#released[0]!.after <= done) {
      this.#free = insert(this.#free, this.#released.shift()!.block)
    }
  }

  get hasReleased(): boolean {
    return this.#released.length > 0
  }

  get usedBytes(): number {
    let bytes = 0
    for (const { start, end } of this.#used.values()) bytes += end - start
    return bytes
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes
}

function insert(free: readonly Block[], block: Block): Block[] {
  const at = free.findIndex(({ start }) => start > block.start)
  const position = at === -1 ? free.length : at
  const before = free[position - 1]
  const after = free[position]
  const joinsBefore = before !== undefined && before.end === block.start
  const joinsAfter = after !== undefined && after.start === block.end
  const merged = { start: joinsBefore ? before.start : block.start, end: joinsAfter ? after.end : block.end }
  return [
    ...free.slice(0, joinsBefore ? position - 1 : position),
    merged,
    ...free.slice(joinsAfter ? position + 1 : position),
  ]
}
