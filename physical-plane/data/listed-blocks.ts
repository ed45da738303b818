// What a source lists, checked before anything is done with it: it says which files are written on this machine.
import { join } from 'node:path'
import type { DataBlocks__Output } from '#proto/generated/cloudless/v1/DataBlocks.ts'
import type { DataTotals__Output } from '#proto/generated/cloudless/v1/DataTotals.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { blockBytes, blocksPerMessage, filesMax, pathBytesMax } from './config.ts'
import type { Source } from './config-file.ts'

export type BlockToFetch = { readonly offset: number; readonly bytes: number; readonly sha256: string }
export type FileBlocks = {
  /** Where the file goes. */
  readonly path: string
  readonly fileBytes: number
  readonly blocks: readonly BlockToFetch[]
}

export function checkTotals({ region }: Source, totals: DataTotals__Output): void {
  const { files, bytes } = totals
  if (!isCount(files) || files > filesMax) throw wrong(region, `${files} files; at most ${filesMax} are moved`)
  if (!isCount(bytes)) throw wrong(region, `${bytes} bytes in all`)
  if (totals.blockBytes !== blockBytes)
    throw wrong(region, `blocks of ${totals.blockBytes} bytes, not of ${blockBytes}`)
}

export function decodeBlocks({ region, shards }: Source, wire: DataBlocks__Output): FileBlocks {
  const shard = shards.find(({ uri }) => uri === wire.uri)
  if (shard === undefined)
    throw wrong(region, `a shard ${JSON.stringify(wire.uri.slice(0, 200))} that nobody asked for`)
  const { fileBytes, offset, sha256 } = wire
  if (!isCount(fileBytes) || !isCount(offset) || offset % blockBytes !== 0)
    throw wrong(region, `${fileBytes} bytes with blocks from ${offset} on`)
  const blocksMax = Math.min(blocksPerMessage, Math.ceil((fileBytes - offset) / blockBytes))
  if (sha256.length > Math.max(0, blocksMax) || (sha256.length === 0 && fileBytes > 0))
    throw wrong(region, `${sha256.length} blocks at ${offset} of ${fileBytes} bytes`)
  const blocks = sha256.map((hash, i): BlockToFetch => {
    if (!/^[0-9a-f]{64}$/.test(hash)) throw wrong(region, 'a hash that is no sha256')
    const at = offset + i * blockBytes
    return { offset: at, bytes: Math.min(blockBytes, fileBytes - at), sha256: hash }
  })
  return { path: pathIn(region, shard.path, wire.path), fileBytes, blocks }
}

/** A path that lies in the shard, and nowhere else on this machine. */
export function pathIn(region: string, root: string, path: string): string {
  if (path === '') return root
  const isSafe = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (isSafe && !path.includes('\0') && Buffer.byteLength(path) <= pathBytesMax) return join(root, path)
  throw wrong(region, `a file ${JSON.stringify(path.slice(0, 200))}, which would not lie in its shard`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function wrong(region: string, what: string): CloudlessError {
  return new CloudlessError('invalid', 'WRONG_LISTING', `the data server of ${region} lists ${what}`)
}
