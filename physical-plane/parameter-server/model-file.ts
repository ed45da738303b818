// The final model as a safetensors file: 8 bytes little-endian header length, a JSON header with dtype, shape and
// data_offsets of each tensor, then the tensors' bytes. Everything is F32, as trained; the user's own types are in
// `__metadata__` as `dtype.NAME`. Integer buffers never reach the parameter server, so they are not in it.
import { open, readFile, rename } from 'node:fs/promises'
import { invalid } from '#runtime/errors.ts'
import { elementCount, type Layout } from './replica/layout.ts'

export type ModelTensor = { readonly name: string; readonly shape: readonly number[]; readonly values: Float32Array }
export type Model = { readonly tensors: readonly ModelTensor[]; readonly metadata: Readonly<Record<string, string>> }

type Entry = {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

const lengthBytes = 8
/** What the safetensors library accepts at most. */
const headerBytesMax = 100_000_000
/** Tensors begin at a multiple of this, so that readers can map them. */
const alignmentBytes = 8

/** Written beside the file and renamed over it. */
export async function writeModelFile(
  path: string,
  layout: Layout,
  values: Float32Array,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(encodeHeader(layout, metadata))
    await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, elementCount(layout) * 4))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

export async function readModelFile(path: string): Promise<Model> {
  return decodeModel(await readFile(path), path)
}

export function decodeModel(bytes: Uint8Array, path: string): Model {
  const wrong = (description: string) =>
    invalid([{ field: path, description: `is no safetensors file: ${description}` }])
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < lengthBytes) throw wrong(`it has ${view.length} bytes`)
  const headerBytes = Number(view.readBigUInt64LE(0))
  if (headerBytes > headerBytesMax || lengthBytes + headerBytes > view.length) {
    throw wrong(`its header would have ${headerBytes} bytes`)
  }
  const header = parse(view.toString('utf8', lengthBytes, lengthBytes + headerBytes))
  if (header === null) throw wrong('its header is not JSON')
  const data = view.subarray(lengthBytes + headerBytes)
  const { __metadata__: metadata, ...entries } = header
  const tensors = Object.entries(entries as Record<string, Entry>).map(([name, { dtype, shape, data_offsets }]) => {
    const [start, end] = data_offsets
    const elements = shape.reduce((product, size) => product * size, 1)
    if (dtype !== 'F32') throw wrong(`tensor ${name} is ${dtype}; only F32 is read here`)
    if (start < 0 || end > data.length || end - start !== elements * 4)
      throw wrong(`tensor ${name} lies outside the file`)
    const values = new Float32Array(elements)
    new Uint8Array(values.buffer).set(data.subarray(start, end))
    return { name, shape, values }
  })
  return { tensors, metadata: (metadata ?? {}) as Record<string, string> }
}

function encodeHeader(layout: Layout, metadata: Readonly<Record<string, string>>): Uint8Array {
  const dtypes = layout.tensors.map(({ name, dtype }) => [`dtype.${name}`, dtype] as const)
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {
    __metadata__: { format: 'pt', ...metadata, ...Object.fromEntries(dtypes) },
  }
  let at = 0
  for (const { name, shape, length } of layout.tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + length * 4] }
    at += length * 4
  }
  const json = Buffer.from(JSON.stringify(header))
  const paddedBytes = Math.ceil(json.length / alignmentBytes) * alignmentBytes
  const result = Buffer.alloc(lengthBytes + paddedBytes, ' ')
  result.writeBigUInt64LE(BigInt(paddedBytes), 0)
  json.copy(result, lengthBytes)
  return result
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
