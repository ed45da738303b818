// One payload on its way here: which ranges are still to be asked for, what has arrived, and the hash of its beginning so
// far. Ranges may come in any order and over any connection; every chunk is checked before its bytes are put in place.
import { createHash } from 'node:crypto'
import { Assembler } from '#proto/rpc/chunks.ts'
import { CloudlessError } from '#runtime/errors.ts'

export type Range = { readonly start: number; readonly end: number; readonly assembler: Assembler }
type WireChunk = { readonly offset: number; readonly data: Uint8Array; readonly crc32: number }
type Piece = { readonly start: number; readonly end: number }

export class Transfer {
  readonly region: string
  readonly sha256: string
  /** Memory of whoever made this. Nothing is written to it once this is over. */
  readonly target: Uint8Array
  /** Resolves with the target once it is whole and has the hash. */
  readonly done: Promise<Uint8Array>
  /** Answers that had to be refused. */
  refusals = 0
  /** Times that all of it was here and was something else. */
  mismatches = 0
  #hash = createHash('sha256')
  #hashedBytes = 0
  /** Not asked for, ascending. */
  #wanted: Piece[]
  /** Asked for and not yet hashed, ascending. */
  #asked: Range[] = []
  #isOver = false
  readonly #resolve: (bytes: Uint8Array) => void
  readonly #reject: (error: unknown) => void

  constructor(region: string, sha256: string, target: Uint8Array) {
    this.region = region
    this.sha256 = sha256
    this.target = target
    this.#wanted = [{ start: 0, end: target.byteLength }]
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    this.done = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Something is left to ask for. */
  get isWanting(): boolean {
    return !this.#isOver && this.#wanted.length > 0
  }

  /** The next range, asked for as of now; null when nothing is left. */
  next(bytesMax: number): Range | null {
    const piece = this.#wanted[0]
    if (this.#isOver || piece === undefined) return null
    const { start } = piece
    const end = Math.min(piece.end, start + bytesMax)
    if (end === piece.end) this.#wanted.shift()
    else this.#wanted[0] = { start: end, end: piece.end }
    const range = { start, end, assembler: new Assembler(this.target.subarray(0, end), start) }
    this.#asked = inserted(this.#asked, range)
    return range
  }

  /** Puts a chunk in place. Throws and changes nothing where it is wrong, and when the last one shows that the whole is. */
  take({ assembler }: Range, chunk: WireChunk): void {
    // The target may belong to somebody else by now.
    if (this.#isOver) throw new CloudlessError('cancelled', 'TRANSFER_OVER', `payload ${this.sha256} is not wanted`)
    try {
      assembler.add(chunk)
    } catch (error) {
      throw this.#named(error)
    }
    this.#hashOn()
  }

  /** The answer to the range is over. What is missing of it is asked for again. */
  giveBack(range: Range): void {
    const { receivedBytes } = range.assembler
    if (this.#isOver || receivedBytes === range.end) return
    const rest = { start: receivedBytes, end: range.end }
    this.#asked = this.#asked.filter((other) => other !== range)
    if (receivedBytes > range.start) {
      const assembler = new Assembler(this.target.subarray(0, receivedBytes), receivedBytes)
      this.#asked = inserted(this.#asked, { start: range.start, end: receivedBytes, assembler })
    }
    this.#wanted = inserted(this.#wanted, rest)
    this.#hashOn()
  }

  /** Throws where an answer ended before its range did. */
  checkWhole({ assembler, end }: Range): void {
    if (assembler.isComplete) return
    const text = `the answer ended at byte ${assembler.receivedBytes} of those up to ${end}`
    throw this.#named(new CloudlessError('invalid', 'CHUNKS_TRUNCATED', text))
  }

  fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#reject(error)
  }

  /** Hashes what has arrived without a gap; the bytes are still in the cache. */
  #hashOn(): void {
    for (;;) {
      const first = this.#asked[0]
      if (first === undefined || first.start > this.#hashedBytes) break
      const { receivedBytes } = first.assembler
      this.#hash.update(this.target.subarray(this.#hashedBytes, receivedBytes))
      this.#hashedBytes = receivedBytes
      if (receivedBytes < first.end) break
      this.#asked.shift()
    }
    if (this.#hashedBytes === this.target.byteLength && !this.#isOver) this.#finish()
  }

  #finish(): void {
    const found = this.#hash.digest('hex')
    if (found !== this.sha256) {
      this.#beginAnew()
      const text = `its ${this.target.byteLength} bytes have sha256 ${found}`
      throw this.#named(new CloudlessError('invalid', 'PAYLOAD_CORRUPT', text))
    }
    this.#isOver = true
    this.#resolve(this.target)
  }

  /** No chunk shows which bytes are wrong, so all are asked for again. */
  #beginAnew(): void {
    this.mismatches += 1
    this.#hash = createHash('sha256')
    this.#hashedBytes = 0
    this.#wanted = [{ start: 0, end: this.target.byteLength }]
  }

  #named(error: unknown): unknown {
    if (!(error instanceof CloudlessError)) return error
    const text = `payload ${this.sha256} of region ${this.region}: ${error.message}`
    const metadata = { region: this.region, field: 'chunk' }
    return new CloudlessError(error.kind, error.reason, text, { metadata, cause: error })
  }
}

function inserted<P extends Piece>(pieces: readonly P[], piece: P): P[] {
  const at = pieces.findIndex(({ start }) => start > piece.start)
  return at === -1 ? [...pieces, piece] : [...pieces.slice(0, at), piece, ...pieces.slice(at)]
}
