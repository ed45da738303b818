// The journal's lines in a file: `crc32 text\n` each, appended and flushed to the disk, folded by writing a new file and
// renaming it. A line that a crash tore off is dropped at the next start. A failed append is cut off again, so that a
// disk that was full leaves no half line in the middle.
import { open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Log } from '#runtime/log.ts'
import type { JournalStorage } from './journal.ts'

export class JournalFile implements JournalStorage {
  readonly #path: string
  readonly #log: Log
  #file: FileHandle | null = null
  #bytes = 0
  /** The file ends within a line: the next append ends that line first. */
  #isTorn = false

  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
  }

  async read(): Promise<readonly string[]> {
    const content = await readFile(this.#path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    const { lines, broken } = decodeLines(content)
    this.#bytes = content.length
    this.#isTorn = content.length > 0 && content.at(-1) !== 10
    if (broken > 0)
      this.#log.warn({ path: this.#path, broken }, 'journal lines that were not written whole are dropped')
    return lines
  }

  async append(lines: readonly string[]): Promise<void> {
    this.#file ??= await open(this.#path, 'a', 0o600)
    const content = Buffer.concat([Buffer.from(this.#isTorn ? '\n' : ''), encodeLines(lines)])
    try {
      await this.#file.writeFile(content)
      await this.#file.datasync()
      this.#bytes += content.length
      this.#isTorn = false
    } catch (error) {
      await this.#file.truncate(this.#bytes)
      throw error
    }
  }

  async replace(lines: readonly string[]): Promise<void> {
    const unfinished = `${this.#path}.new`
    const content = encodeLines(lines)
    const file = await open(unfinished, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(unfinished, this.#path)
    await syncFolder(dirname(this.#path))
    await this.#file?.close()
    this.#file = null
    this.#bytes = content.length
    this.#isTorn = false
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}

export function encodeLines(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${checksum(line)} ${line}\n`).join(''))
}

/**
 * Whole lines, and how many pieces were not whole. A last line that lacks only its end counts as whole: the next append
 * will end it, and what was left out now must not come back then.
 */
export function decodeLines(content: Buffer): { readonly lines: readonly string[]; readonly broken: number } {
  const pieces = content.toString('utf8').split('\n')
  // What follows the last line end is '' in a whole file.
  if (pieces.at(-1) === '') pieces.pop()
  const lines = pieces.filter((piece) => piece[8] === ' ' && piece.slice(0, 8) === checksum(piece.slice(9)))
  return { lines: lines.map((line) => line.slice(9)), broken: pieces.length - lines.length }
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, '0')
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
