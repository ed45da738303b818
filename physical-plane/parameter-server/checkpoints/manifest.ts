// What a checkpoint consists of: the JSON state, and the sha256 of each vector, which is also the vector's name in the
// object store. Two lines: the first says what this is, in which format, and the hash of the second. So a manifest of a
// newer program is told from a damaged one before anything of it is believed.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CloudlessError } from '#runtime/errors.ts'
import { manifestBytesMax } from './config.ts'

export const manifestFormat = 2

export type Manifest = {
  /** Grows by at least one with each checkpoint of its partition. */
  readonly number: number
  /** Plain JSON. */
  readonly state: unknown
  readonly vectors: readonly VectorEntry[]
}

export type VectorEntry = { readonly name: string; readonly elements: number; readonly sha256: string }

const headSchema = z.object({
  what: z.literal('cloudless checkpoint'),
  format: z.number().int(),
  sha256: z.string(),
})
const bodySchema = z.object({
  number: z.number().int().min(1),
  state: z.unknown(),
  vectors: z.array(
    z.object({
      name: z.string(),
      elements: z.number().int().min(0),
      // It becomes part of an object's name.
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
})

export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest)
  const sha256 = createHash('sha256').update(body).digest('hex')
  const bytes = Buffer.from(
    `${JSON.stringify({ what: 'cloudless checkpoint', format: manifestFormat, sha256 })}\n${body}`,
  )
  if (bytes.length <= manifestBytesMax) return bytes
  const text = `the checkpoint's manifest has ${bytes.length} bytes, more than ${manifestBytesMax}`
  throw new CloudlessError('exhausted', 'CHECKPOINT_TOO_LARGE', text)
}

/** `where` names it in the error: CHECKPOINT_DAMAGED, or CHECKPOINT_NEWER for one that is whole but not understood. */
export function decodeManifest(bytes: Uint8Array, where: string): Manifest {
  const damaged = (what: string): CloudlessError =>
    new CloudlessError('internal', 'CHECKPOINT_DAMAGED', `${where} ${what} (${bytes.length} bytes)`)
  if (bytes.length > manifestBytesMax) throw damaged(`is larger than the ${manifestBytesMax} bytes of a manifest`)
  const cut = bytes.indexOf(0x0a)
  const head = headSchema.safeParse(parsed(cut === -1 ? bytes : bytes.subarray(0, cut)))
  if (!head.success) throw damaged('is no checkpoint of Cloudless, or its beginning is damaged')
  const { format, sha256 } = head.data
  if (format !== manifestFormat) {
    const text = `${where} has format ${format}, and this program knows format ${manifestFormat}; go on with the program that wrote it`
    throw new CloudlessError('conflict', 'CHECKPOINT_NEWER', text)
  }
  const body = cut === -1 ? new Uint8Array() : bytes.subarray(cut + 1)
  if (createHash('sha256').update(body).digest('hex') !== sha256)
    throw damaged('does not have the hash it was written with')
  const manifest = bodySchema.safeParse(parsed(body))
  if (!manifest.success) throw damaged('has the right hash but not the content of a manifest')
  return manifest.data
}

/** Undefined where it is no JSON. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    return undefined
  }
}
