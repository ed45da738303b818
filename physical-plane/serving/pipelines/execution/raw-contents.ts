// The values of a tensor out of InferTensorContents as raw bytes: row-major, little-endian, elements of BYTES each with its length before it.
import { malformed, shown } from './tensors.ts'
import { readVarint, type Field } from './wire.ts'

type Kind = { readonly field: number; readonly bytes: number; readonly isFixed: boolean; readonly isSigned: boolean }

const kind = (field: number, bytes: number, isSigned = false, isFixed = false): Kind => ({
  field,
  bytes,
  isFixed,
  isSigned,
})
const kinds: Readonly<Record<string, Kind>> = {
  BOOL: kind(1, 1),
  INT8: kind(2, 1, true),
  INT16: kind(2, 2, true),
  INT32: kind(2, 4, true),
  INT64: kind(3, 8, true),
  UINT8: kind(4, 1),
  UINT16: kind(4, 2),
  UINT32: kind(4, 4),
  UINT64: kind(5, 8),
  FP32: kind(6, 4, true, true),
  FP64: kind(7, 8, true, true),
}
const bytesContents = 8

/** `contents` are the fields of InferTensorContents. */
export function rawOf(name: string, datatype: string, contents: readonly Field[]): Buffer {
  if (datatype === 'BYTES')
    return Buffer.concat(
      contents.filter(({ number }) => number === bytesContents).flatMap(({ content }) => [lengthOf(content), content]),
    )
  const found = Object.hasOwn(kinds, datatype) ? kinds[datatype] : undefined
  if (found === undefined)
    throw malformed(`tensor ${shown(name)} of type ${shown(datatype)} can only be sent as raw contents; send it so`)
  const own = contents.filter(({ number }) => number === found.field)
  // Fixed numbers lie in a message as they do in a tensor, packed or one by one.
  if (found.isFixed) return Buffer.concat(own.map(({ content }) => content))
  const values = own.flatMap(({ content }) => varintsIn(content))
  const raw = Buffer.alloc(values.length * found.bytes)
  const bits = 8 * found.bytes
  for (const [place, value] of values.entries()) {
    const fitted = BigInt.asUintN(bits, value)
    const back = found.isSigned ? BigInt.asUintN(64, BigInt.asIntN(bits, fitted)) : fitted
    if (back !== value)
      throw malformed(`tensor ${shown(name)} has a number that ${datatype} can not hold; send smaller ones`)
    for (let byte = 0; byte < found.bytes; byte += 1)
      raw[place * found.bytes + byte] = Number((fitted >> BigInt(8 * byte)) & 0xffn)
  }
  return raw
}

function varintsIn(packed: Buffer): readonly bigint[] {
  const values: bigint[] = []
  for (let at = 0; at < packed.length;) {
    const { value, next } = readVarint(packed, at)
    values.push(value)
    at = next
  }
  return values
}

function lengthOf(content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(content.length)
  return length
}
