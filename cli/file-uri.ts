// Addresses of shards. A job file may write those of files relative to itself ("file://./data/lab"); on the wire they are
// absolute, because agents have another working directory. Those of object stores are the same everywhere.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { readObjectAddress } from '#regions/cloud/object-address.ts'
import { invalid } from '#runtime/errors.ts'

export type ResolvedUri =
  | { readonly kind: 'resolved'; readonly uri: string }
  | { readonly kind: 'refused'; readonly because: string }

export function resolveFileUri(uri: string, folder: string): ResolvedUri {
  if (/^(s3|cos):\/\//.test(uri)) {
    const read = readObjectAddress(uri)
    return read.kind === 'wrong' ? { kind: 'refused', because: read.because } : { kind: 'resolved', uri }
  }
  const match = /^file:\/\/(localhost\/)?([^?#]*)$/i.exec(uri)
  if (match === null || (match[2] === '' && match[1] === undefined)) {
    return {
      kind: 'refused',
      because: 'must be an address such as file:///data/lab, file://./data/lab or s3://bucket/prefix',
    }
  }
  try {
    const path = decodeURIComponent(match[2]!)
    if (path.includes('\0')) return { kind: 'refused', because: 'must not hold a NUL character' }
    return { kind: 'resolved', uri: pathToFileURL(resolve(match[1] === undefined ? folder : '/', path)).href }
  } catch {
    return { kind: 'refused', because: 'has a broken percent escape; write % itself as %25' }
  }
}

/** Refuses a spec whose shards are not on this computer: one look here saves a failed job. */
export function checkShardFiles(spec: JobSpec): void {
  const named = [
    ...(spec.shards ?? []).map((shard, index) => ({ field: `data.shards[${index}].uri`, uri: shard.uri ?? '' })),
    ...(spec.holdout == null ? [] : [{ field: 'data.holdout.uri', uri: spec.holdout.uri ?? '' }]),
  ]
  const files = named.filter(({ uri }) => uri.startsWith('file:'))
  const violations = files.flatMap(({ field, uri }) => {
    const path = fileURLToPath(uri)
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined
    return isThere
      ? []
      : [{ field, description: `${path} does not exist; prepare the data first, or correct the path` }]
  })
  if (violations.length > 0) throw invalid(violations, 'MISSING_SHARD')
}
