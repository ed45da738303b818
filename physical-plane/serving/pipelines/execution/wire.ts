// Protocol buffers as they lie in bytes: fields of a message without decoding what is in them, so that tensors are passed on as slices.
// https://protobuf.dev/programming-guides/encoding
import { malformed } from './tensors.ts'

export const wireKinds = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

export type Field = {
  readonly number: number
  readonly kind: number
  /** With its tag, as it stands in the message. */
  readonly whole: Buffer
  /** Without tag and length. */
  readonly content: Buffer
}

export function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = []
  let at = 0
  while (at < message.length) {
    const tag = readVarint(message, at)
    const kind = Number(tag.value & 7n)
    let [from, to] = [tag.next, tag.next]
    if (kind === wireKinds.varint) to = readVarint(message, from).next
    else if (kind === wireKinds.fixed64) to = from + 8
    else if (kind === wireKinds.fixed32) to = from + 4
    else if (kind === wireKinds.bytes) {
      const length = readVarint(message, from)
      from = length.next
      to = from + Number(length.value)
    } else throw malformed(`the message is none of the protocol: a field of kind ${kind} at byte ${at}`)
    if (to > message.length) throw malformed(`the message ends in the middle of a field that begins at byte ${at}`)
    const number = Number(tag.value >> 3n)
    fields.push({ number, kind, whole: message.subarray(at, to), content: message.subarray(from, to) })
    at = to
  }
  return fields
}

export function readVarint(message: Buffer, from: number): { readonly value: bigint; readonly next: number } {
  // Tags and lengths are small nearly always.
  const first = message[from]
  if (first !== undefined && first < 0x80) return { value: BigInt(first), next: from + 1 }
  let value = 0n
  for (let place = 0; place < 10; place += 1) {
    const byte = message[from + place]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << BigInt(7 * place)
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), next: from + place + 1 }
  }
  throw malformed(`the message has a number at byte ${from} that does not end`)
}

/** A length-delimited field of these parts, not yet put together. */
export function bytesField(number: number, parts: readonly Buffer[]): readonly Buffer[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return [Buffer.from([...varint((number << 3) | wireKinds.bytes), ...varint(length)]), ...parts]
}

export function textField(number: number, text: string): readonly Buffer[] {
  return bytesField(number, [Buffer.from(text)])
}

function varint(value: number): readonly number[] {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left]
    bytes.push((left % 128) | 0x80)
  }
}
