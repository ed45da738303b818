import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codecNames, type CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { aLayout, aTensor } from '../../replica/a-layout.ts'
import { VectorMemory } from '../../replica/memory.ts'
import { createCodec, plainCodec } from './create-codec.ts'
import { encodeWithFeedback } from './error-feedback.ts'
import { mulberry, normal } from './hard-vectors.fixture.ts'
import { malformedFrom } from './malformed.ts'
import { nonFiniteTensor } from './non-finite.ts'

const memory = VectorMemory.create(1 << 22)
const lossy = codecNames.filter((name) => name !== 'fp32')
const density = 0.01

describe.each(codecNames)('%s', (name) => {
  test('what is left is all that went in and was not sent, faded by `keep`', async () => {
    const keeps = fc.constantFrom(1, 0.9)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6000 }), fc.integer(), keeps, async (elements, seed, keep) => {
        const draw = mulberry(seed)
        const unsent = new Float64Array(elements)
        /** What rounding to float32 may have added up to. */
        const slack = new Float64Array(elements)
        let residual = new Float32Array(elements)
        for (let round = 0; round < 5; round++) {
          const values = Float32Array.from({ length: elements }, () => normal(draw) * 10 ** (draw() * 4))
          const { decoded, left } = await send(name, values, residual, keep)
          for (let i = 0; i < elements; i++) {
            unsent[i] = unsent[i]! * keep + values[i]! - decoded[i]!
            slack[i]! += 2 ** -22 * (Math.abs(values[i]!) + Math.abs(residual[i]!) + Math.abs(left[i]!))
          }
          residual = left
        }
        const isOff = [...unsent.keys()].filter((i) => !(Math.abs(residual[i]! - unsent[i]!) <= slack[i]!))
        expect(isOff).toEqual([])
      }),
      { numRuns: 8 },
    )
  })

  test('on the kernel thread, as in the caller', async () => {
    const threaded = VectorMemory.create({ bytes: 1 << 24, thread: true })
    try {
      const values = Float32Array.from({ length: 300_001 }, (_, i) => Math.sin(i * i))
      const [here, there] = await Promise.all(
        [memory, threaded].map(async (of) => {
          const vector = of.allocate(values.length)
          const residual = of.allocate(values.length)
          vector.set(values)
          const encoded = await encodeWithFeedback(createCodec(name, { density, memory: of }), vector, residual, of)
          const found = { bytes: Buffer.from(encoded.bytes), error: encoded.error, left: Array.from(encoded.residual!) }
          encoded.release()
          const alone = await encodeWithFeedback(createCodec(name, { density, memory: of }), vector, null, of)
          expect(Buffer.from(alone.bytes).equals(found.bytes)).toBe(true)
          alone.release()
          for (const each of [vector, residual, encoded.residual!]) of.release(each)
          return found
        }),
      )
      expect(there!.bytes.equals(here!.bytes)).toBe(true)
      expect(there!.error).toBe(here!.error)
      expect(there!.left.every((value, index) => value === here!.left[index])).toBe(true)
      expect(threaded.usedBytes).toBe(0)
    } finally {
      await threaded.stop()
    }
  })
})

describe('two regions whose largest gradients cancel', () => {
  // Three elements pull the regions apart, with a gradient of 1 and -1; the sum of the others leads to an optimum.
  const elements = 256
  const draw = mulberry(7)
  const optimum = Float32Array.from({ length: elements }, (_, i) => (i < 3 ? 0 : normal(draw) * 0.3))

  const distanceAfter = async (name: CodecName, rounds: number, hasFeedback: boolean): Promise<number> => {
    const at = new Float32Array(elements)
    const residuals = [new Float32Array(elements), new Float32Array(elements)]
    for (let round = 0; round < rounds; round++) {
      for (const [region, sign] of [1, -1].entries()) {
        const gradient = at.map((value, i) => (i < 3 ? sign : value - optimum[i]!))
        // oxlint-disable-next-line no-await-in-loop -- one round after another
        const { decoded, left } = await send(name, gradient, residuals[region]!)
        if (hasFeedback) residuals[region] = left
        for (let i = 0; i < elements; i++) at[i]! -= 0.002 * decoded[i]!
      }
    }
    return Math.sqrt(squares(at.map((value, i) => value - optimum[i]!)) / squares(optimum))
  }

  test.each(lossy)('%s with feedback takes them to the optimum', async (name) => {
    expect(await distanceAfter(name, 1500, true)).toBeLessThan(0.02)
  })

  test.each(['int4', 'top-k', 'sparse-loco'] as const)('%s without it does not', async (name) => {
    expect(await distanceAfter(name, 1500, false)).toBeGreaterThan(0.1)
  })
})

describe('feedback', () => {
  const values = Float32Array.from({ length: 700 }, (_, i) => Math.cos(i))

  test.each(lossy)('%s: leaves what it is given as it was, so that a round can be given up', async (name) => {
    const residual = values.map((value) => value / 100)
    const [valuesBefore, residualBefore] = [[...values], [...residual]]
    const first = await send(name, values, residual)
    const second = await send(name, values, residual)
    expect([...values]).toEqual(valuesBefore)
    expect([...residual]).toEqual(residualBefore)
    expect(second).toEqual(first)
  })

  test('fades by `keep`', async () => {
    const codec = createCodec('int4', { density, memory })
    const residual = values.map((value) => Math.fround(value * 64))
    const halved = await encodeWithFeedback(codec, values, residual, memory, 0.5)
    const sum = values.map((value, i) => value + Math.fround(residual[i]! * 0.5))
    const alone = await encodeWithFeedback(codec, sum, new Float32Array(700), memory)
    expect(Buffer.from(halved.bytes).equals(Buffer.from(alone.bytes))).toBe(true)
    expect([...halved.residual!]).toEqual([...alone.residual!])
  })

  test('an exact codec sends what the residual of another one held, and leaves zeros', async () => {
    const residual = values.map((value) => value / 100)
    const { decoded, left, error } = await send('fp32', values, residual)
    expect([...decoded]).toEqual([...values].map((value, i) => Math.fround(value + residual[i]!)))
    expect(left.every((value) => Object.is(value, 0))).toBe(true)
    expect(error).toBe(0)
  })

  test('an exact codec without a residual allocates nothing but the bytes', async () => {
    const own = VectorMemory.create(1 << 20)
    const encoded = await encodeWithFeedback(createCodec('fp32', { density, memory: own }), values, null, own)
    expect(own.usedBytes).toBeLessThan(values.byteLength + 64)
    encoded.release()
    expect(own.usedBytes).toBe(0)
  })

  test('tells the error: the share of the length that is lost', async () => {
    const codec = createCodec('top-k', { density: 1 / 16, memory })
    // One of sixteen is sent; fifteen of length 1 stay behind, of 15 + 49 altogether.
    const sixteen = new Float32Array(16).fill(1)
    sixteen[5] = 7
    const found = await encodeWithFeedback(codec, sixteen, null, memory)
    expect(found.error).toBeCloseTo(Math.sqrt(15 / 64), 12)
    expect(found.residual).toBeNull()
    expect((await encodeWithFeedback(codec, new Float32Array(16), null, memory)).error).toBe(0)
  })

  test.each(codecNames)(
    '%s: a sum that is not finite is refused with its element, and gives all memory back',
    async (name) => {
      const own = VectorMemory.create(1 << 20)
      const codec = createCodec(name, { density, memory: own })
      for (const [value, before] of [
        [Number.NaN, 0],
        [Number.NEGATIVE_INFINITY, 0],
        [3e38, 3e38],
      ] as const) {
        const residual = new Float32Array(700)
        const bad = values.slice()
        bad[650] = value
        residual[650] = before
        // oxlint-disable-next-line no-await-in-loop -- each case looks at the same memory
        const refusal = await encodeWithFeedback(codec, bad, residual, own).catch((error: unknown) => error)
        expect(refusal).toMatchObject({ kind: 'conflict', reason: 'DIVERGED', metadata: { element: '650' } })
      }
      expect(own.usedBytes).toBe(0)
    },
  )
})

describe('names for what is not a number', () => {
  const layout = aLayout([
    aTensor({ name: 'conv.weight', shape: [2, 3] }),
    aTensor({ name: 'empty', shape: [0] }),
    aTensor({ name: 'conv.bias', shape: [2] }),
  ])

  test('the first tensor that has one', () => {
    expect(nonFiniteTensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), layout)).toBeNull()
    expect(nonFiniteTensor(Float32Array.of(1, 2, 3, 4, 5, Number.NaN, Infinity, 8), layout)).toBe('conv.weight')
    expect(nonFiniteTensor(Float32Array.of(1, 2, 3, 4, 5, 6, -Infinity, 8), layout)).toBe('conv.bias')
  })

  test('the region and the tensor of bytes that a peer sent', async () => {
    const bytes = new Uint8Array(plainCodec('fp16', 1).encodedBytes(8))
    bytes.set([0x01, 0x7e], 2 * 7)
    const refusal = await createCodec('fp16', { density, memory })
      .decode(bytes, new Float32Array(8))
      .catch((error: unknown) => error)
    const named = malformedFrom('aws/eu-west-1', layout, refusal) as CloudlessError
    expect(named).toBeInstanceOf(CloudlessError)
    expect(named.kind).toBe('invalid')
    expect(named.message).toBe(
      'from region aws/eu-west-1, tensor conv.bias: payload: fp16 at element 7: NaN is not finite',
    )
    expect(named.metadata).toMatchObject({ region: 'aws/eu-west-1', tensor: 'conv.bias', element: '7' })
  })

  test('other errors come back as they are', () => {
    const other = new Error('the disk is full')
    expect(malformedFrom('aws/eu-west-1', layout, other)).toBe(other)
  })
})

async function send(name: CodecName, values: Float32Array, residual: Float32Array, keep = 1) {
  const codec = createCodec(name, { density, memory })
  const encoded = await encodeWithFeedback(codec, values, residual, memory, keep)
  const decoded = new Float32Array(values.length)
  await codec.decode(encoded.bytes, decoded)
  const left = encoded.residual!.slice()
  encoded.release()
  memory.release(encoded.residual!)
  return { decoded, left, error: encoded.error }
}

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}
