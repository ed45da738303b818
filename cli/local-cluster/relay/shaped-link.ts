// One direction of a wide-area link, without sockets: bytes leave one after another at the link's rate, travel for its
// delay and arrive in order. All connections of the link share it, first come, first served. The queue before it is
// bounded: `send` resolves only when there is room. Not imitated: loss, reordering, jitter, TCP's slow start.
import { assert } from '#runtime/assert.ts'
import type { Clock, Timer } from '#runtime/clock.ts'

export type LinkShape = {
  readonly bytesPerSecond: number
  readonly delayMs: number
  readonly queueBytesMax: number
}

type Parcel = { readonly bytes: number; readonly arrive: () => void; leavesAtMs: number; arrivesAtMs: number }
type Waiting = { readonly bytes: number; readonly arrive: () => void; readonly admit: () => void }

export class ShapedLink {
  readonly #clock: Clock
  readonly #shape: LinkShape
  readonly #waiting: Waiting[] = []
  /** In the queue, in order; the first is on its way out. */
  readonly #leaving: Parcel[] = []
  /** On the line, in order. */
  readonly #travelling: Parcel[] = []
  #queuedBytes = 0
  #freeAtMs = 0
  #pausedAtMs: number | null = null
  #timer: Timer | null = null

  constructor(clock: Clock, shape: LinkShape) {
    assert(shape.bytesPerSecond > 0, `rate ${shape.bytesPerSecond} B/s is not positive`)
    assert(shape.delayMs >= 0, `delay ${shape.delayMs} ms is negative`)
    assert(shape.queueBytesMax > 0, `queue of ${shape.queueBytesMax} bytes is not positive`)
    this.#clock = clock
    this.#shape = shape
  }

  /** Bytes that wait to leave; never above the limit, but for a single parcel that is larger by itself. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Resolves when the bytes are in the queue; `arrive` runs when they come out at the other end. */
  send(bytes: number, arrive: () => void): Promise<void> {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) {
      this.#enqueue(bytes, arrive)
      return Promise.resolve()
    }
    return new Promise((admit) => this.#waiting.push({ bytes, arrive, admit }))
  }

  /** Bytes stand still wherever they are, as behind a dead router. */
  pause(): void {
    if (this.#pausedAtMs !== null) return
    this.#pausedAtMs = this.#clock.monotonicMs()
    this.#timer?.cancel()
    this.#timer = null
  }

  /** They go on from where they stood. */
  resume(): void {
    if (this.#pausedAtMs === null) return
    const stoodMs = this.#clock.monotonicMs() - this.#pausedAtMs
    this.#pausedAtMs = null
    this.#freeAtMs += stoodMs
    for (const parcel of [...this.#leaving, ...this.#travelling]) {
      parcel.leavesAtMs += stoodMs
      parcel.arrivesAtMs += stoodMs
    }
    this.#move()
  }

  #hasRoom(bytes: number): boolean {
    if (this.#pausedAtMs !== null) return false
    return this.#queuedBytes === 0 || this.#queuedBytes + bytes <= this.#shape.queueBytesMax
  }

  #enqueue(bytes: number, arrive: () => void): void {
    const startsAtMs = Math.max(this.#clock.monotonicMs(), this.#freeAtMs)
    const leavesAtMs = startsAtMs + (bytes / this.#shape.bytesPerSecond) * 1_000
    this.#freeAtMs = leavesAtMs
    this.#queuedBytes += bytes
    this.#leaving.push({ bytes, arrive, leavesAtMs, arrivesAtMs: leavesAtMs + this.#shape.delayMs })
    this.#schedule()
  }

  /** Does all that is due. A late timer costs no rate: parcels are scheduled on the link's own time line. */
  #move(): void {
    const nowMs = this.#clock.monotonicMs()
    while (this.#leaving.length > 0 && this.#leaving[0]!.leavesAtMs <= nowMs) {
      const parcel = this.#leaving.shift()!
      this.#queuedBytes -= parcel.bytes
      this.#travelling.push(parcel)
    }
    while (this.#waiting.length > 0 && this.#hasRoom(this.#waiting[0]!.bytes)) {
      const { bytes, arrive, admit } = this.#waiting.shift()!
      this.#enqueue(bytes, arrive)
      admit()
    }
    while (this.#travelling.length > 0 && this.#travelling[0]!.arrivesAtMs <= nowMs) this.#travelling.shift()!.arrive()
    this.#timer?.cancel()
    this.#timer = null
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer !== null || this.#pausedAtMs !== null) return
    const nextMs = Math.min(this.#leaving[0]?.leavesAtMs ?? Infinity, this.#travelling[0]?.arrivesAtMs ?? Infinity)
    if (nextMs === Infinity) return
    this.#timer = this.#clock.after(Math.max(0, nextMs - this.#clock.monotonicMs()), () => {
      this.#timer = null
      this.#move()
    })
  }
}
