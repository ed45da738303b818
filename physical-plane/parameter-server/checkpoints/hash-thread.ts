// sha256 of vectors away from the event loop, so that workers' steps go on meanwhile. Vectors in shared memory are read
// where they are; others are shown to the thread a block at a time, so that no second copy of a model is made. One
// vector at a time, in order of asking. The thread starts with the first vector that is worth it.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { hashBlockBytes, hashInlineBytes } from './config.ts'

export type HashRequest = {
  readonly buffer: SharedArrayBuffer
  readonly byteOffset: number
  readonly byteLength: number
  /** Answer with the hash of everything since the last one. */
  readonly isLast: boolean
}

export class HashThread {
  #worker: Worker | null = null
  #block: SharedArrayBuffer | null = null
  #tail: Promise<unknown> = Promise.resolve()

  /** Lower-case hex. The vector must not change meanwhile. */
  sha256(values: Float32Array): Promise<string> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    if (bytes.length <= hashInlineBytes) return Promise.resolve(createHash('sha256').update(bytes).digest('hex'))
    const hash = this.#tail.then(() => this.#hash(bytes))
    this.#tail = hash.catch(() => {})
    return hash
  }

  async stop(): Promise<void> {
    await this.#tail
    await this.#worker?.terminate()
    this.#worker = null
  }

  async #hash(bytes: Uint8Array): Promise<string> {
    const worker = this.#started()
    const { buffer, byteOffset, byteLength } = bytes
    if (buffer instanceof SharedArrayBuffer) return ask(worker, { buffer, byteOffset, byteLength, isLast: true })
    this.#block ??= new SharedArrayBuffer(hashBlockBytes)
    const block = new Uint8Array(this.#block)
    let hash = ''
    for (let at = 0; at < byteLength; at += hashBlockBytes) {
      const part = bytes.subarray(at, at + hashBlockBytes)
      block.set(part)
      const isLast = at + part.length === byteLength
      hash = await ask(worker, { buffer: this.#block, byteOffset: 0, byteLength: part.length, isLast })
    }
    return hash
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker
    const worker = new Worker(new URL('hash-worker.ts', import.meta.url))
    // An idle thread does not hold the process; a hash under way is awaited by somebody.
    worker.unref()
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = null
    })
    this.#worker = worker
    return worker
  }
}

/** Rejects when the thread dies, with what it died of. */
async function ask(worker: Worker, request: HashRequest): Promise<string> {
  const ended = new AbortController()
  const answer = once(worker, 'message', { signal: ended.signal })
  const exit = once(worker, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the hashing thread ended with code ${String(code)}`)
  })
  worker.ref()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(request)
  try {
    const [hash] = await Promise.race([answer, exit])
    return String(hash)
  } finally {
    worker.unref()
    ended.abort()
    // The loser of the race rejects with the abort, which is no news.
    await Promise.allSettled([answer, exit])
  }
}
