// Logs of instances: one append-only file each. Agents send chunks with offsets, at least once; what is already here
// is trimmed, a gap is refused by answering with the length that is held, and beyond the limit bytes are counted but
// dropped, so that a chatty function cannot fill the disk nor block its agent.
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invalid } from '#runtime/errors.ts'
import { storeConfig } from './config.ts'
import { withDiskErrors } from './disk.ts'

export type LogChunk = {
  readonly instanceId: string
  readonly offset: number
  readonly data: Uint8Array
}

export interface Logs {
  /** Durable when it returns. Answers with the offset from which the agent goes on. */
  append(chunk: LogChunk): Promise<number>
  length(instanceId: string): Promise<number>
  /** Bytes from `offset` on, at most one chunk; empty at the end. */
  read(instanceId: string, offset: number): Promise<Uint8Array>
  /** Calls back after every append, until the returned function is called. */
  onAppend(listener: (instanceId: string) => void): () => void
}

export type LogsOptions = { readonly bytesMaxPerInstance?: number }

/** Where bytes lie: files, or memory in simulations. */
type LogFiles = {
  length(instanceId: string): Promise<number>
  append(instanceId: string, data: Uint8Array): Promise<void>
  read(instanceId: string, offset: number, bytes: number): Promise<Uint8Array>
}

export function openLogs(folder: string, options: LogsOptions = {}): Logs {
  return new InstanceLogs(filesIn(folder), options.bytesMaxPerInstance ?? storeConfig.logBytesMaxPerInstance)
}

export function memoryLogs(options: LogsOptions = {}): Logs {
  return new InstanceLogs(filesInMemory(), options.bytesMaxPerInstance ?? storeConfig.logBytesMaxPerInstance)
}

class InstanceLogs implements Logs {
  readonly #files: LogFiles
  readonly #bytesMax: number
  readonly #listeners = new Set<(instanceId: string) => void>()
  /** Appends of one instance go one after another. */
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(files: LogFiles, bytesMax: number) {
    this.#files = files
    this.#bytesMax = bytesMax
  }

  append(chunk: LogChunk): Promise<number> {
    checkInstanceId(chunk.instanceId)
    const before = this.#tails.get(chunk.instanceId) ?? Promise.resolve()
    const appended = before.then(() => this.#appendNow(chunk))
    const tail = appended.catch(() => {})
    this.#tails.set(chunk.instanceId, tail)
    void tail.then(() => {
      if (this.#tails.get(chunk.instanceId) === tail) this.#tails.delete(chunk.instanceId)
    })
    return appended
  }

  async #appendNow({ instanceId, offset, data }: LogChunk): Promise<number> {
    const held = await this.#files.length(instanceId)
    const end = offset + data.byteLength
    if (held >= this.#bytesMax) return Math.max(held, end)
    if (offset > held || end <= held) return held
    const fresh = data.subarray(held - offset)
    await this.#files.append(instanceId, fresh.subarray(0, this.#bytesMax - held))
    for (const listener of this.#listeners) listener(instanceId)
    return end
  }

  length(instanceId: string): Promise<number> {
    checkInstanceId(instanceId)
    return this.#files.length(instanceId)
  }

  read(instanceId: string, offset: number): Promise<Uint8Array> {
    checkInstanceId(instanceId)
    return this.#files.read(instanceId, offset, storeConfig.fileChunkBytes)
  }

  onAppend(listener: (instanceId: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Instance ids are paths here, so they may not climb out: `job/region/worker-0`, `job/region@place.1/ps`. */
function checkInstanceId(instanceId: string): void {
  const isSafe = instanceId.length <= 300 && /^[a-z0-9][a-z0-9._@-]*(\/[a-z0-9][a-z0-9._@-]*)*$/i.test(instanceId)
  if (isSafe && !instanceId.includes('..')) return
  const description = `${JSON.stringify(instanceId.slice(0, 100))} is not an instance id such as j-4k2/onprem-lab/worker-0`
  throw invalid([{ field: 'instance_id', description }])
}

function filesIn(folder: string): LogFiles {
  const place = (instanceId: string): string => join(folder, `${instanceId}.log`)
  return {
    length: (instanceId) =>
      stat(place(instanceId)).then(
        ({ size }) => size,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return 0
          throw error
        },
      ),
    append: (instanceId, data) =>
      withDiskErrors(`keep the log of ${instanceId}`, async () => {
        await mkdir(dirname(place(instanceId)), { recursive: true })
        const file = await open(place(instanceId), 'a')
        try {
          await file.appendFile(data)
          await file.datasync()
        } finally {
          await file.close()
        }
      }),
    read: async (instanceId, offset, bytes) => {
      const file = await open(place(instanceId), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      if (file === null) return new Uint8Array()
      try {
        const chunk = Buffer.allocUnsafe(bytes)
        const { bytesRead } = await file.read(chunk, 0, bytes, offset)
        return chunk.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    },
  }
}

function filesInMemory(): LogFiles {
  const contents = new Map<string, Buffer>()
  const content = (instanceId: string): Buffer => contents.get(instanceId) ?? Buffer.alloc(0)
  return {
    length: (instanceId) => Promise.resolve(content(instanceId).byteLength),
    append: (instanceId, data) => {
      contents.set(instanceId, Buffer.concat([content(instanceId), data]))
      return Promise.resolve()
    },
    read: (instanceId, offset, bytes) => Promise.resolve(content(instanceId).subarray(offset, offset + bytes)),
  }
}
