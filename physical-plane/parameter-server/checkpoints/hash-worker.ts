// The thread of hash-thread.ts: adds what it is shown to a running sha256. Answers each request, with the hash when it
// was the last of its vector.
// oxlint-disable unicorn/require-post-message-target-origin -- a thread has no origin
import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { HashRequest } from './hash-thread.ts'

let running: Hash = createHash('sha256')

parentPort?.on('message', ({ buffer, byteOffset, byteLength, isLast }: HashRequest) => {
  running.update(new Uint8Array(buffer, byteOffset, byteLength))
  parentPort?.postMessage(isLast ? running.digest('hex') : '')
  if (isLast) running = createHash('sha256')
})
