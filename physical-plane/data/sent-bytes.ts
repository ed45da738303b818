// How much was sent to each place, over all attempts of a data server. What is on disk is ahead of what was sent, so a
// crash counts a little too much, never too little: the sender pays for all that left.
import { readFile, rename, writeFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { countAheadBytes } from './config.ts'

const checkpoint = 'checkpoint '

/** What a block's bytes are counted under: checkpoints apart from training data. */
export function receiverOf(place: string, uri: string): string {
  return uri.startsWith('checkpoint:') ? `${checkpoint}${place}` : place
}

const totalsSchema = z.record(z.string(), z.number().int().min(0))

export class SentBytes {
  readonly #path: string
  readonly #sent: Map<string, number>
  readonly #durable: Map<string, number>
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, totals: Readonly<Record<string, number>>) {
    this.#path = path
    this.#sent = new Map(Object.entries(totals))
    this.#durable = new Map(this.#sent)
  }

  static async open(path: string): Promise<SentBytes> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const text = await readFile(path, 'utf8').catch(() => '{}')
    return new SentBytes(path, totalsSchema.parse(JSON.parse(text)))
  }

  /** Before they are sent: resolves once a crash would not forget them. */
  async add(place: string, bytes: number): Promise<void> {
    const sent = (this.#sent.get(place) ?? 0) + bytes
    this.#sent.set(place, sent)
    while (sent > (this.#durable.get(place) ?? 0)) {
      this.#writing = this.#writing.then(() => this.#writeAhead())
      await this.#writing
    }
  }

  /** By place: of training data, and of checkpoints. */
  byPurpose(): {
    readonly data: Readonly<Record<string, number>>
    readonly checkpoints: Readonly<Record<string, number>>
  } {
    const all = Object.entries(this.totals())
    const checkpoints = all.filter(([receiver]) => receiver.startsWith(checkpoint))
    return {
      data: Object.fromEntries(all.filter(([receiver]) => !receiver.startsWith(checkpoint))),
      checkpoints: Object.fromEntries(
        checkpoints.map(([receiver, bytes]) => [receiver.slice(checkpoint.length), bytes]),
      ),
    }
  }

  totals(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#sent].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Exactly what was sent: nothing more will be. */
  async close(): Promise<void> {
    await this.#writing
    await this.#write(this.totals())
  }

  async #writeAhead(): Promise<void> {
    const isBehind = [...this.#sent].some(([place, bytes]) => bytes > (this.#durable.get(place) ?? 0))
    if (!isBehind) return
    const ahead = Object.fromEntries([...this.#sent].map(([place, bytes]) => [place, bytes + countAheadBytes]))
    await this.#write(ahead)
    for (const [place, bytes] of Object.entries(ahead)) this.#durable.set(place, bytes)
  }

  async #write(totals: Readonly<Record<string, number>>): Promise<void> {
    const beside = `${this.#path}.partial`
    await writeFile(beside, JSON.stringify(totals), { mode: 0o600, flush: true })
    await rename(beside, this.#path)
  }
}
