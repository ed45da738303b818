// sha256 of what lies in an arena. It takes twenty times as long as any kernel on the same bytes, so it must not stand
// between kernels: what is large is copied in the stream's order, and the copy is hashed on a second thread, which starts
// with the first of them.
import { sha256Function } from './arena-program.ts'
import type { ArenaStream, SizedCode } from './arena-stream.ts'
import { hashInStreamBytes } from './config.ts'
import type { KernelQueue } from './kernel-queue.ts'

const digestBytes = 32

export type ArenaHashesOptions = {
  readonly stream: ArenaStream
  /** With the function `copy`. */
  readonly code: SizedCode
  /** Null where the stream has no thread either. */
  readonly startThread: (() => KernelQueue) | null
  /** Room in the arena, or null; call `release` once nothing that is asked for by then needs it. */
  readonly take: (bytes: number) => { readonly bytes: Uint8Array; readonly release: () => void } | null
}

export class ArenaHashes {
  readonly #options: ArenaHashesOptions
  #thread: KernelQueue | null = null

  constructor(options: ArenaHashesOptions) {
    this.#options = options
  }

  /** Of bytes in the arena, as they are when all that was asked for before is done; null where there is no room. */
  async sha256(view: ArrayBufferView): Promise<Buffer | null> {
    // Nothing may be awaited before the bytes' turn in the stream is taken.
    const { stream, code, take, startThread } = this.#options
    const digest = take(digestBytes)
    if (digest === null) return null
    const isLarge = startThread !== null && view.byteLength > hashInStreamBytes
    const copy = isLarge ? take(view.byteLength) : null
    try {
      if (copy === null) await stream.ask(Infinity, sha256Function, operandsOf(view, digest.bytes))
      else {
        code.run('copy', copy.bytes.byteOffset, view.byteOffset, view.byteLength)
        await stream.settled()
        this.#thread ??= startThread!()
        await this.#thread.ask(sha256Function, operandsOf(copy.bytes, digest.bytes))
      }
      return Buffer.from(digest.bytes)
    } finally {
      copy?.release()
      digest.release()
    }
  }

  async stop(): Promise<void> {
    await this.#thread?.stop()
  }
}

function operandsOf({ byteOffset, byteLength }: ArrayBufferView, digest: Uint8Array): readonly number[] {
  return [byteOffset, byteLength, digest.byteOffset]
}
