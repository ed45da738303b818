// The same arena with and without its thread: what a caller sees may come later, but never differs.
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inlineBytesMax, ringSlots } from './config.ts'
import { VectorMemory } from './memory.ts'

/** Too long to run at once. */
const long = inlineBytesMax / 4 + 3
let memory: VectorMemory

beforeAll(() => {
  memory = VectorMemory.create({ bytes: 1 << 26, thread: true })
})

afterAll(async () => {
  await memory.stop()
})

describe('kernels on a thread', () => {
  test('are done in the order in which they were asked for', async () => {
    const [a, b] = [aVector(1), aVector(2)]
    for (let i = 0; i < 20; i++) {
      memory.kernels.addScaled(a, b, 1)
      memory.kernels.copy(b, a)
    }
    await memory.settled()
    expect(a.every((value) => value === 3 * 2 ** 19)).toBe(true)
    expect(b).toEqual(a)
    release(a, b)
  })

  test('the small ones too, though they run at once when nothing is before them', async () => {
    const step = fc.record({ target: fc.nat(3), source: fc.nat(3), isLong: fc.boolean() })
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const inline = VectorMemory.create(1 << 22)
      const [threaded, plain] = [memory, inline].map((arena) => {
        const vectors = [1, 2, 3, 4].map((value) => arena.allocate(long).fill(value))
        for (const { target, source, isLong } of steps) {
          if (target === source) continue
          const end = isLong ? long : 5
          arena.kernels.addScaled(vectors[target]!.subarray(0, end), vectors[source]!.subarray(0, end), 0.5)
        }
        return vectors
      })
      await memory.settled()
      const isEqual = threaded!.every((vector, at) => Buffer.compare(bytesOf(vector), bytesOf(plain![at]!)) === 0)
      release(...threaded!)
      return isEqual
    })
    expect((await fc.check(property, { numRuns: 20 })).counterexample).toBeNull()
  })

  test('answer in order, each with its own result', async () => {
    const vectors = [1, 2, 3].map((value) => aVector(value))
    const sums = vectors.map((vector) => memory.kernels.sumOfSquares(vector))
    memory.kernels.addScaled(vectors[1]!.subarray(0, 3), new Float32Array(3).fill(Infinity), 1)
    const answers = vectors.map((vector) => memory.kernels.allFinite(vector))
    expect(await Promise.all(sums)).toEqual([long, 4 * long, 9 * long])
    expect(await Promise.all(answers)).toEqual([true, false, true])
    release(...vectors)
  })

  test('more than the ring holds wait for their turn, answers between them', async () => {
    const [a, b] = [aVector(0), aVector(1)]
    const sums: Promise<number>[] = []
    for (let i = 1; i <= 3 * ringSlots; i++) {
      memory.kernels.addScaled(a.subarray(0, 3), b.subarray(0, 3), 1)
      if (i % 100 === 1) memory.kernels.scale(b, 1)
      if (i % 500 === 0) sums.push(memory.kernels.sumOfSquares(a.subarray(0, 1)))
    }
    expect(await Promise.all(sums)).toEqual([1, 2, 3, 4, 5, 6].map((i) => (500 * i) ** 2))
    await memory.settled()
    expect(a[0]).toBe(3 * ringSlots)
    release(a, b)
  })

  test('a vector released while a kernel still uses it goes to nobody else before', async () => {
    const small = VectorMemory.create({ bytes: 1 << 21, thread: true })
    const result = small.allocate(long)
    for (let i = 1; i <= 30; i++) {
      // Three of them fill the arena, so each one lies where one before it was.
      const source = small.allocate(long)
      expect(small.holds(source)).toBe(true)
      expect(source[0]! + source.at(-1)!).toBe(0)
      source.fill(i)
      small.kernels.addScaled(result, source, 1)
      small.release(source)
    }
    await small.settled()
    expect(result.every((value) => value === 465)).toBe(true)
    await small.stop()
  })

  test('vectors outside of the arena take part in order', async () => {
    const [inside, outside] = [aVector(1), new Float32Array(long).fill(5)]
    memory.kernels.scale(inside, 3)
    memory.kernels.addScaled(inside, outside, 1)
    memory.kernels.copy(outside, inside)
    memory.kernels.scale(outside, 2)
    await memory.settled()
    expect([inside[0], outside[long - 1]]).toEqual([8, 16])
    release(inside)
  })

  test('hash bytes wherever they lie', async () => {
    const vector = aVector(1)
    memory.kernels.scale(vector, 7)
    const plain = new Float32Array(long).fill(7)
    const expected = createHash('sha256').update(new Uint8Array(plain.buffer)).digest('hex')
    const part = createHash('sha256')
      .update(new Uint8Array(plain.buffer, 0, 12))
      .digest('hex')
    expect(await Promise.all([memory.sha256(vector), memory.sha256(plain)])).toEqual([expected, expected])
    expect(await memory.sha256(vector.subarray(1, 4))).toBe(part)
    release(vector)
    expect(memory.usedBytes).toBe(0)
  })

  test('hash what the bytes were when it was asked for, while kernels go on', async () => {
    const vector = aVector(1)
    const hashes: Promise<string>[] = []
    for (let i = 0; i < 8; i++) {
      hashes.push(memory.sha256(vector), memory.sha256(vector.subarray(0, 9)))
      memory.kernels.addScaled(vector, vector, 1)
    }
    release(vector)
    const expected = Array.from({ length: 8 }, (_, i) => {
      const plain = new Uint8Array(new Float32Array(long).fill(2 ** i).buffer)
      return [plain, plain.subarray(0, 36)].map((bytes) => createHash('sha256').update(bytes).digest('hex'))
    })
    expect(await Promise.all(hashes)).toEqual(expected.flat())
    expect(memory.usedBytes).toBe(0)
  })

  test('hash in the stream where there is no room for a copy', async () => {
    const small = VectorMemory.create({ bytes: 1 << 21, thread: true })
    const vectors = Array.from({ length: 7 }, () => small.allocate(long).fill(3))
    const expected = createHash('sha256').update(new Float32Array(long).fill(3)).digest('hex')
    expect(vectors.every((vector) => small.holds(vector))).toBe(true)
    expect(await small.sha256(vectors[6]!)).toBe(expected)
    await small.stop()
  })
})

test('a thread that dies takes everything that was asked of it along, loudly', async () => {
  let seen: Error | null = null
  const doomed = VectorMemory.create({ bytes: 1 << 20, thread: true, onCrash: (error) => (seen = error) })
  const trap = doomed.load(trapCode)
  trap.run('trap')
  const answer = trap.ask('trap')
  await expect(answer).rejects.toThrow('unreachable')
  expect(String(seen)).toContain('unreachable')
  expect(() => doomed.kernels.scale(doomed.allocate(100_000), 2)).toThrow('unreachable')
  await expect(doomed.settled()).rejects.toThrow('unreachable')
  await doomed.stop()
})

test('a caller who holds still for a thread that died is told', async () => {
  const doomed = VectorMemory.create({ bytes: 1 << 20, thread: true, onCrash: () => {} })
  doomed.load(trapCode).run('trap')
  expect(() => doomed.settleNow()).toThrow('the kernel thread has failed')
  await doomed.stop()
})

/** (module (import "arena" "memory" (memory 1 65536 shared)) (func (export "trap") unreachable)) */
const trapCode = Buffer.from('AGFzbQEAAAABBAFgAAACFAEFYXJlbmEGbWVtb3J5AgMBgIAEAwIBAAcIAQR0cmFwAAAKBQEDAAAL', 'base64')

function aVector(value: number): Float32Array {
  return memory.allocate(long).fill(value)
}

function release(...vectors: readonly Float32Array[]): void {
  for (const vector of vectors) memory.release(vector)
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
