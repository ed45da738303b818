// Reads the model's name out of a message of the Open Inference Protocol without decoding it: in all of them it is field 1, a string.
// Writers put it first; what a message has before it is passed over, up to a limit.

/** '' where it has none, which is the protocol's default; null where this is no message, or the name comes too late. */
export function nameOf(message: Uint8Array, fieldsMax: number): string | null {
  let at = 0
  for (let field = 0; field < fieldsMax && at < message.length; field += 1) {
    const tag = readVarint(message, at)
    if (tag === null) return null
    at = tag.next
    if (tag.value === nameTag) {
      const length = readVarint(message, at)
      if (length === null || length.next + length.value > message.length) return null
      return new TextDecoder().decode(message.subarray(length.next, length.next + length.value))
    }
    const next = passOver(message, at, tag.value & 7)
    if (next === null || next > message.length) return null
    at = next
  }
  return at >= message.length ? '' : null
}

/** Field 1, length-delimited. */
const nameTag = (1 << 3) | 2

type Varint = { readonly value: number; readonly next: number }

function readVarint(message: Uint8Array, from: number): Varint | null {
  let value = 0
  for (let place = 0; place < 10; place += 1) {
    const byte = message[from + place]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * place)
    if (byte < 0x80) return { value, next: from + place + 1 }
  }
  return null
}

function passOver(message: Uint8Array, at: number, wire: number): number | null {
  switch (wire) {
    case 0:
      return readVarint(message, at)?.next ?? null
    case 1:
      return at + 8
    case 2: {
      const length = readVarint(message, at)
      return length === null ? null : length.next + length.value
    }
    case 5:
      return at + 4
    default:
      return null
  }
}
