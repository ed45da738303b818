// Approximate synchronous parallel, Gaia (NSDI 2017): a change is told once it is a significant share of the parameter,
// |change / parameter| > significance / sqrt(t), where t counts the exchanges so far, so that the filter opens as training
// settles. What is not told stays behind and grows. A parameter that is 0 is told any change.
// On the wire, little-endian, for each 4096 elements: a uint16 count, that many ascending uint16 indices inside the chunk,
// that many float32 values.
import { chunkElements } from '#proto/sync/encoded-bytes.ts'
import { assert } from '#runtime/assert.ts'
import { malformed } from '../codec/malformed.ts'

/** The threshold of exchange `t`, from 1. */
export function significanceAt(significance: number, t: number): number {
  assert(t >= 1, `exchanges are numbered from 1, so there is no exchange ${t}`)
  return significance / Math.sqrt(t)
}

export type Significant = { readonly bytes: Uint8Array<ArrayBuffer>; readonly count: number }

/** The changes above the threshold, encoded; a threshold of 0 takes all that are not 0. Keeps `changes` as it is. */
export function encodeSignificant(changes: Float32Array, parameters: Float32Array, threshold: number): Significant {
  assert(changes.length === parameters.length, `${changes.length} changes of ${parameters.length} parameters`)
  const isTold = (i: number): boolean => Math.abs(changes[i]!) > threshold * Math.abs(parameters[i]!)
  const counts = Array.from({ length: Math.ceil(changes.length / chunkElements) }, (_, chunk) => {
    let told = 0
    for (let i = chunk * chunkElements; i < chunkEnd(chunk, changes.length); i++) told += isTold(i) ? 1 : 0
    return told
  })
  const count = counts.reduce((sum, told) => sum + told, 0)
  const bytes = new Uint8Array(2 * counts.length + 6 * count)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [chunk, told] of counts.entries()) {
    view.setUint16(at, told, true)
    at += 2
    let valueAt = at + 2 * told
    const start = chunk * chunkElements
    for (let i = start; i < chunkEnd(chunk, changes.length); i++) {
      if (!isTold(i)) continue
      view.setUint16(at, i - start, true)
      view.setFloat32(valueAt, changes[i]!, true)
      at += 2
      valueAt += 4
    }
    at = valueAt
  }
  return { bytes, count }
}

/**
 * `target` becomes the changes, 0 where none was told. Throws a `MALFORMED_ENCODING` error that says where the bytes are
 * no encoding of `target.length` finite values; the target is then of no use.
 */
export function decodeSignificant(bytes: Uint8Array, target: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  target.fill(0)
  let at = 0
  for (let chunk = 0; chunk * chunkElements < target.length; chunk++) {
    at = decodeChunk(view, at, chunk, target)
  }
  if (at !== bytes.byteLength) refuse(target.length, `has ${bytes.byteLength} bytes where its chunks take ${at}`)
}

/** Where the next chunk begins. */
function decodeChunk(view: DataView, start: number, chunk: number, target: Float32Array): number {
  const first = chunk * chunkElements
  const length = chunkEnd(chunk, target.length) - first
  if (start + 2 > view.byteLength) refuse(first, `ends before chunk ${chunk}`)
  const count = view.getUint16(start, true)
  if (count > length) refuse(first, `tells ${count} of the ${length} elements of chunk ${chunk}`)
  const end = start + 2 + 6 * count
  if (end > view.byteLength) refuse(first, `ends inside chunk ${chunk}`)
  const valuesAt = start + 2 + 2 * count
  let before = -1
  for (let i = 0; i < count; i++) {
    const index = view.getUint16(start + 2 + 2 * i, true)
    if (index <= before || index >= length) {
      const text = `has index ${index} after ${before} in chunk ${chunk} of ${length} elements; indices must ascend`
      refuse(first + Math.min(index, length - 1), text)
    }
    const value = view.getFloat32(valuesAt + 4 * i, true)
    if (!Number.isFinite(value)) refuse(first + index, `has the value ${value}; values must be finite`)
    target[first + index] = value
    before = index
  }
  return end
}

function chunkEnd(chunk: number, elements: number): number {
  return Math.min(elements, (chunk + 1) * chunkElements)
}

function refuse(element: number, description: string): never {
  throw malformed('significant', element, description)
}
