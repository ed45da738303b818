// A partition's durable state: one JSON document and named float32 vectors. The file is
//   magic "CLCKPT01" · u32 header bytes · u32 0 · header (JSON) · vectors, raw little-endian · sha256 of all before
// written beside the current one, synced, and renamed over it; the one before stays until the next. A damaged file is
// recognised by its hash, and the one before it is used instead.
import { createHash } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { checkpointBlockBytes, checkpointHeaderBytesMax } from './config.ts'

export type Snapshot = {
  /** Plain JSON. */
  readonly state: unknown
  /** Nobody changes them any more. */
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export interface CheckpointStore {
  /** Resolves once the snapshot would survive the loss of power. */
  save(snapshot: Snapshot): Promise<void>
  /** The newest whole snapshot; null where there never was one. */
  load(): Promise<Snapshot | null>
}

const magic = 'CLCKPT01'
const headBytes = 16
const hashBytes = 32

type Header = {
  readonly state: unknown
  readonly vectors: readonly { readonly name: string; readonly length: number }[]
}

export function openCheckpointFolder(folder: string, log: Log): CheckpointStore {
  const current = join(folder, 'checkpoint.bin')
  const previous = join(folder, 'checkpoint.previous.bin')
  const next = join(folder, 'checkpoint.next.bin')
  return {
    save: async (snapshot) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeCheckpoint(next, snapshot)
      await rm(previous, { force: true })
      await ignoringAbsence(link(current, previous))
      await rename(next, current)
      await syncFolder(folder)
    },
    load: async () => {
      const problems: string[] = []
      for (const path of [current, previous]) {
        try {
          const snapshot = await readCheckpoint(path)
          if (snapshot === null) continue
          if (problems.length > 0)
            log.error({ path, problems }, 'the newest checkpoint is damaged; using the one before')
          return snapshot
        } catch (error) {
          problems.push(messageOf(error))
        }
      }
      if (problems.length === 0) return null
      throw new CloudlessError('internal', 'CHECKPOINT_DAMAGED', `no checkpoint can be read: ${problems.join('; ')}`)
    },
  }
}

/** For tests and simulations: durable as long as the object lives. */
export function memoryCheckpoints(): CheckpointStore {
  let saved: Snapshot | null = null
  return {
    save: (snapshot) => {
      saved = copyOf(snapshot)
      return Promise.resolve()
    },
    load: () => Promise.resolve(saved === null ? null : copyOf(saved)),
  }
}

async function writeCheckpoint(path: string, snapshot: Snapshot): Promise<void> {
  const vectors = Object.entries(snapshot.vectors)
  const header: Header = {
    state: snapshot.state,
    vectors: vectors.map(([name, { length }]) => ({ name, length })),
  }
  const json = Buffer.from(JSON.stringify(header))
  const head = Buffer.alloc(headBytes)
  head.write(magic, 'latin1')
  head.writeUInt32LE(json.length, 8)
  const file = await open(path, 'w', 0o600)
  try {
    const hash = createHash('sha256')
    for (const bytes of [head, json, ...vectors.map(([, values]) => bytesOf(values))]) {
      for (let at = 0; at < bytes.length; at += checkpointBlockBytes) {
        const block = bytes.subarray(at, at + checkpointBlockBytes)
        hash.update(block)
        await writeAll(file, block)
      }
    }
    await writeAll(file, hash.digest())
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Null where there is no file. */
async function readCheckpoint(path: string): Promise<Snapshot | null> {
  const bytes = await ignoringAbsence(readFile(path))
  if (bytes === null) return null
  const damaged = (what: string): CloudlessError =>
    new CloudlessError('internal', 'CHECKPOINT_DAMAGED', `${path}: ${what} (${bytes.length} bytes)`)
  if (bytes.length < headBytes + hashBytes) throw damaged('is too short')
  if (bytes.toString('latin1', 0, 8) !== magic) throw damaged(`does not begin with ${magic}`)
  const body = bytes.subarray(0, bytes.length - hashBytes)
  const hash = createHash('sha256').update(body).digest()
  if (!hash.equals(bytes.subarray(bytes.length - hashBytes)))
    throw damaged('does not have the hash it was written with')
  const headerBytes = bytes.readUInt32LE(8)
  if (headerBytes > checkpointHeaderBytesMax) throw damaged(`has a header of ${headerBytes} bytes`)
  const header = JSON.parse(body.toString('utf8', headBytes, headBytes + headerBytes)) as Header
  const vectors: Record<string, Float32Array> = {}
  let at = headBytes + headerBytes
  for (const { name, length } of header.vectors) {
    const values = new Float32Array(length)
    bytesOf(values).set(body.subarray(at, at + length * 4))
    vectors[name] = values
    at += length * 4
  }
  if (at !== body.length) throw damaged(`holds ${body.length - at} bytes too many`)
  return { state: header.state, vectors }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

async function writeAll(file: FileHandle, block: Uint8Array): Promise<void> {
  for (let at = 0; at < block.length;) at += (await file.write(block, at)).bytesWritten
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function ignoringAbsence<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

function copyOf({ state, vectors }: Snapshot): Snapshot {
  const copies = Object.entries(vectors).map(([name, values]) => [name, values.slice()] as const)
  return { state: structuredClone(state), vectors: Object.fromEntries(copies) }
}
