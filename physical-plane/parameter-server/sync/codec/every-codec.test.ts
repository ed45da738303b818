import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecNames, type CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { VectorMemory } from '../../replica/memory.ts'
import { createCodec, plainCodec } from './create-codec.ts'
import { hardVectors, mulberry } from './hard-vectors.fixture.ts'

const memory = VectorMemory.create(1 << 21)
const arena = memory.allocate(1 << 17)
const densities = fc.constantFrom(0.0001, 0.01, 0.015, 0.05, 0.07, 0.5, 1)
const runs = { numRuns: 40 }

describe.each(codecNames)('%s', (name) => {
  test('in the arena encodes the bits of the plain version, whatever the addresses', () => {
    fc.assert(
      fc.property(hardVectors(), densities, fc.nat(15), (values, density, shift) => {
        const plain = plainCodec(name, density)
        const wanted = new Uint8Array(plain.encodedBytes(values.length))
        plain.encode(values, wanted)
        const { vector, bytes, after } = place(values, wanted.length, shift)
        createCodec(name, { density, memory }).encode(vector, bytes)
        expect(hex(bytes)).toBe(hex(wanted))
        expect(hex(vector)).toBe(hex(values))
        expect(after.every((byte) => byte === 0xa5)).toBe(true)
      }),
      runs,
    )
  })

  test('in the arena decodes and subtracts the bits of the plain version', async () => {
    await fc.assert(
      fc.asyncProperty(hardVectors(), densities, fc.nat(15), async (values, density, shift) => {
        const plain = plainCodec(name, density)
        const encoded = new Uint8Array(plain.encodedBytes(values.length))
        plain.encode(values, encoded)
        const decoded = new Float32Array(values.length)
        plain.decode(encoded, decoded)
        const left = values.map((value, index) => value - decoded[index]!)
        const { vector, bytes, after } = place(values, encoded.length, shift)
        bytes.set(encoded)
        const codec = createCodec(name, { density, memory })
        codec.subtract(bytes, vector)
        expect(hex(vector)).toBe(hex(left))
        await codec.decode(bytes, vector)
        expect(hex(vector)).toBe(hex(decoded))
        expect(decoded.every(Number.isFinite)).toBe(true)
        expect(after.every((byte) => byte === 0xa5)).toBe(true)
      }),
      runs,
    )
  })

  test('outside of the arena, or with one foot in it, computes the same', async () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 1e-3)
    const codec = createCodec(name, { density: 0.01, memory })
    const length = codec.encodedBytes(values.length)
    const { vector, bytes } = place(values, length, 1)
    const outside = { vector: values, bytes: new Uint8Array(length + 1).subarray(1) }
    codec.encode(vector, bytes)
    for (const [from, to] of [
      [values, outside.bytes],
      [vector, outside.bytes],
    ] as const) {
      outside.bytes.fill(0)
      codec.encode(from, to)
      expect(hex(to)).toBe(hex(bytes))
    }
    const target = new Float32Array(values.length)
    await codec.decode(bytes, target)
    const wanted = hex(target)
    await codec.decode(outside.bytes, vector)
    expect(hex(vector)).toBe(wanted)
    codec.subtract(bytes, target)
    expect(target.every((value) => value === 0)).toBe(true)
  })

  test('any bytes give the same finite values in both versions, or are refused by both', async () => {
    let refused = 0
    let taken = 0
    await fc.assert(
      fc.asyncProperty(
        hardVectors(['normal', 'few', 'huge']),
        densities,
        fc.integer(),
        async (values, density, seed) => {
          const plain = plainCodec(name, density)
          const encoded = mutated(plain, values, mulberry(seed))
          const decoded = new Float32Array(values.length)
          const refusal = problemOf(() => plain.decode(encoded, decoded))
          const { vector, bytes, after } = place(values, encoded.length, 3)
          bytes.set(encoded)
          const answer = await createCodec(name, { density, memory })
            .decode(bytes, vector)
            .then(() => null, messageAndKind)
          expect(answer).toBe(refusal)
          const isSame = hex(vector) === hex(decoded) && vector.every(Number.isFinite)
          expect(answer !== null || isSame).toBe(true)
          expect(after.every((byte) => byte === 0xa5)).toBe(true)
          if (answer === null) taken += 1
          else refused += 1
        },
      ),
      { numRuns: 150 },
    )
    expect(Math.min(refused, taken)).toBeGreaterThan(5)
  })

  test('what was decoded and encoded again decodes to the same', () => {
    fc.assert(
      fc.property(hardVectors(), densities, (values, density) => {
        const once = roundTrip(name, density, values)
        const twice = roundTrip(name, density, once)
        expect(twice.every((value, index) => value === once[index])).toBe(true)
      }),
      runs,
    )
  })

  test('is odd: the opposite vector decodes to the opposite', () => {
    fc.assert(
      fc.property(hardVectors(), densities, (values, density) => {
        const decoded = roundTrip(name, density, values)
        const opposite = roundTrip(
          name,
          density,
          values.map((value) => -value),
        )
        expect(opposite.every((value, index) => value === 0 - decoded[index]!)).toBe(true)
      }),
      runs,
    )
  })

  test('bytes of the wrong length are refused', async () => {
    const codec = createCodec(name, { density: 0.01, memory })
    const bytes = new Uint8Array(codec.encodedBytes(300) + 1)
    const decoding = codec.decode(bytes, new Float32Array(300))
    await expect(decoding).rejects.toMatchObject({ kind: 'invalid', reason: 'MALFORMED_ENCODING' })
    await expect(decoding).rejects.toThrow(`${bytes.length} bytes of ${name}`)
  })
})

test('a density that means nothing is refused by name', () => {
  for (const density of [0, -1, 1.5, Number.NaN]) {
    expect(() => createCodec('top-k', { density, memory })).toThrow(`sync.density: ${density} must be above 0`)
  }
})

/** Copies in the arena: the vector at a multiple of 4, the bytes anywhere, and what lies behind them. */
function place(values: Float32Array, length: number, shift: number) {
  const vector = new Float32Array(arena.buffer, arena.byteOffset + 4 * shift, values.length)
  vector.set(values)
  const at = arena.byteOffset + 80 * 1024 + shift
  const bytes = new Uint8Array(arena.buffer, at, length)
  const after = new Uint8Array(arena.buffer, at + length, 64)
  const between = new Uint8Array(arena.buffer, vector.byteOffset + vector.byteLength, 64)
  bytes.fill(0xa5)
  after.fill(0xa5)
  between.fill(0xa5)
  return { vector, bytes, after: [...after, ...between] }
}

function roundTrip(name: CodecName, density: number, values: Float32Array): Float32Array {
  const plain = plainCodec(name, density)
  const bytes = new Uint8Array(plain.encodedBytes(values.length))
  plain.encode(values, bytes)
  const decoded = new Float32Array(values.length)
  plain.decode(bytes, decoded)
  return decoded
}

/** Bytes of an encoding of which none to a few are others, or all of them random. */
function mutated(plain: ReturnType<typeof plainCodec>, values: Float32Array, draw: () => number): Uint8Array {
  const bytes = new Uint8Array(plain.encodedBytes(values.length))
  if (draw() < 0.2) return bytes.map(() => draw() * 256)
  plain.encode(values, bytes)
  for (let count = Math.floor(draw() * 4); count > 0 && bytes.length > 0; count--) {
    bytes[Math.floor(draw() * bytes.length)] = draw() < 0.3 ? 0xff : draw() * 256
  }
  return bytes
}

function problemOf(work: () => void): string | null {
  try {
    work()
    return null
  } catch (error) {
    return messageAndKind(error)
  }
}

function messageAndKind(error: unknown): string {
  return error instanceof CloudlessError ? `${error.kind}: ${error.message}` : `unexpected ${String(error)}`
}

function hex(view: ArrayBufferView): string {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).toString('hex')
}
