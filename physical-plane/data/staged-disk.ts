// The files that a stager writes. Blocks are written where they belong, in any order; what lies there already, from an
// attempt before, is taken for what its hash says. Nothing counts before the mark is written, which is after all of it is on
// the disk.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CloudlessError } from '#runtime/errors.ts'
import { diskReserveBytes, syncsAtOnce } from './config.ts'
import { stagedMarkOf, type StagedMark } from './staged-mark.ts'

export type StagedFile = StagedMark['files'][number]

/** What is at an address in the source is at `path` here. */
export type StagedShard = { readonly uri: string; readonly path: string }

export class StagedDisk {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Whatever was here before counts no more until it has been looked at. */
  static async open(folder: string): Promise<StagedDisk> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rm(stagedMarkOf(folder), { force: true })
    return new StagedDisk(folder)
  }

  /** Throws where the disk has no room for so much more. */
  async checkRoom(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder)
    const free = bavail * bsize
    if (bytes + diskReserveBytes <= free) return
    const text = `${this.#folder} has ${free} bytes free and ${bytes} are to come; ${diskReserveBytes} stay free`
    throw new CloudlessError('exhausted', 'NO_ROOM', text)
  }

  /** The block lies here already. */
  async has(path: string, offset: number, bytes: number, sha256: string): Promise<boolean> {
    const file = await open(path, 'r').catch(() => null)
    if (file === null) return false
    try {
      const data = Buffer.allocUnsafe(bytes)
      for (let at = 0; at < bytes;) {
        const { bytesRead } = await file.read(data, at, bytes - at, offset + at)
        if (bytesRead === 0) return false
        at += bytesRead
      }
      return createHash('sha256').update(data).digest('hex') === sha256
    } finally {
      await file.close()
    }
  }

  /** Which blocks of objects are here: no hash says it. It stays, so that another attempt need not fetch them again. */
  get bucketLog(): string {
    return join(this.#folder, 'bucket-log.jsonl')
  }

  async write(path: string, offset: number, data: Uint8Array, options: { isDurable?: boolean } = {}): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      for (let at = 0; at < data.length;) {
        at += (await file.write(data, at, data.length - at, offset + at)).bytesWritten
      }
      if (options.isDurable === true) await file.datasync()
    } finally {
      await file.close()
    }
  }

  /** All blocks of all files are here: makes them last, removes what is none of them, and says that they are here. */
  async finish(shards: readonly StagedShard[], files: readonly StagedFile[]): Promise<void> {
    for (let i = 0; i < files.length; i += syncsAtOnce)
      await Promise.all(files.slice(i, i + syncsAtOnce).map((file) => this.#close(file)))
    await this.#removeOthers(new Set([this.bucketLog, ...files.map(({ path }) => path)]))
    const mark: StagedMark = { shards: shards.map(({ path }) => path), files: [...files] }
    const beside = `${stagedMarkOf(this.#folder)}.partial`
    await writeFile(beside, JSON.stringify(mark), { mode: 0o600, flush: true })
    await rename(beside, stagedMarkOf(this.#folder))
  }

  async #close({ path, bytes }: StagedFile): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      await file.truncate(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  /** From an attempt before, when the source had other files. */
  async #removeOthers(wanted: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true })
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && !wanted.has(path)) await rm(path, { force: true })
    }
  }
}
