// Loops over whole vectors as shares of memcpy's speed on the same memory in the same run, both counted in bytes read and
// written; 100 MB vectors, so that caches do not help. Each kernel is measured in turns with the copy, and its share is
// the median over the turns. Memory bounds each by what it must move per element of float32. The processor reads a line
// before it writes to it: a copy moves 12 bytes where 8 count, while who changes a vector in place reads it anyway.
//   AdamW reads 4 vectors and writes 3, Nesterov 3 and 2, in place: 28 and 20 bytes moved and counted, a share of 1.5
//   a mean of 4 vectors reads 4 and writes 1: 20 count, 24 are moved, a share of 1.25
//   int8 reads 4 and writes 1 + 4/256, or the reverse; 256 elements wait for the greatest of them: bound by arithmetic
//   top-k at 1 % counts 4 and 0.04 bytes; it reads each chunk several times in the nearest cache: bound by arithmetic
import { createCodec } from '#physical-plane/parameter-server/sync/codec/create-codec.ts'
import { VectorMemory } from '#physical-plane/parameter-server/replica/memory.ts'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const elements = 25_000_000
const turns = 11
/** WebAssembly is compiled a second time, better, after a while; that must not be in the figures. */
const warmUpTurns = 3
const density = 0.01
const arenaBytes = 2 ** 30
/** The vectors: parameters, gradient, velocity, and for AdamW mean and variance; then room for encoded bytes. */
const vectorCount = 6
const varianceAt = 4
const encodedAt = 5

type Kernel = {
  readonly name: string
  /** Read and written by one run. */
  readonly bytes: number
  readonly run: () => void | Promise<void>
}

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  // Without a thread a kernel is done when its call returns, so only the kernel is measured.
  const memory = VectorMemory.create({ bytes: arenaBytes })
  const vectors = Array.from({ length: vectorCount }, () => memory.allocate(elements))
  fill(vectors)
  const [from, to] = [vectors[0]!, vectors[1]!]
  const copy: Kernel = { name: 'memcpy', bytes: 8 * elements, run: () => to.set(from) }
  const shares: Record<string, number> = {}
  const copySpeeds: number[] = []
  for (const kernel of [...vectorKernels(memory, vectors), ...codecKernels(memory, vectors)]) {
    const measured = await inTurns(clock, kernel, copy)
    shares[kernel.name] = measured.share
    copySpeeds.push(measured.copySpeed)
    note(`${kernel.name}: ${measured.speed.toFixed(1)} GB/s, ${measured.share.toFixed(2)} of memcpy`)
  }
  // Numbers that ran away would be quicker or slower than those of a training.
  for (const vector of vectors.slice(0, encodedAt)) assert(await memory.kernels.allFinite(vector), 'a vector ran away')
  const least = (...names: readonly string[]): number => Math.min(...names.map((name) => shares[name]!))
  return {
    apply: least('adamw', 'nesterov'),
    reduce: least('mean_of_4'),
    int8: least('int8_encode', 'int8_decode'),
    topk: least('topk_encode'),
    ...shares,
    memcpy_gigabytes_per_second: median(copySpeeds),
    elements,
  }
}

function vectorKernels({ kernels }: VectorMemory, vectors: readonly Float32Array[]): readonly Kernel[] {
  const [a, b, c, d, e] = vectors as readonly [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
  const step = { learningRate: 1e-4, weightDecay: 1e-4, momentum: 0.9, gradientWeight: 1 }
  const adamw = { decay: 0.9999, beta1: 0.9, beta2: 0.999, stepSize: 1e-4, varianceCorrection: 0.7, epsilon: 1e-8 }
  // Weights whose sum is no power of two, since dividing by one of those could be had for less.
  const mean = [b, c, d, e].map((values, at) => ({ values, weight: 3 + at }))
  return [
    // The mean goes first: its target is the parameters of the others, which keep what they get small.
    { name: 'mean_of_4', bytes: 20 * elements, run: () => kernels.weightedMean(a, mean) },
    { name: 'nesterov', bytes: 20 * elements, run: () => kernels.nesterov(a, b, c, step) },
    { name: 'adamw', bytes: 28 * elements, run: () => kernels.adamw(a, b, d, e, adamw) },
    { name: 'add_scaled', bytes: 12 * elements, run: () => kernels.addScaled(a, b, 1e-6) },
    { name: 'rebase', bytes: 16 * elements, run: () => kernels.rebase(a, b, c) },
  ]
}

function codecKernels(memory: VectorMemory, vectors: readonly Float32Array[]): readonly Kernel[] {
  const [values, decoded, store] = [vectors[1]!, vectors[2]!, vectors[encodedAt]!]
  return (['int8', 'top-k'] as const).flatMap((name): readonly Kernel[] => {
    const codec = createCodec(name, { density, memory })
    const length = codec.encodedBytes(elements)
    const bytes = new Uint8Array(store.buffer, store.byteOffset, length)
    const key = name.replace('-', '')
    const moved = 4 * elements + length
    return [
      { name: `${key}_encode`, bytes: moved, run: () => codec.encode(values, bytes) },
      { name: `${key}_decode`, bytes: moved, run: () => codec.decode(bytes, decoded) },
    ]
  })
}

/** Speeds in GB/s, and the share, as medians over the turns. */
async function inTurns(clock: Clock, kernel: Kernel, copy: Kernel) {
  const found: { speed: number; copySpeed: number; share: number }[] = []
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    const copySpeed = await speedOf(clock, copy)
    const speed = await speedOf(clock, kernel)
    if (turn >= 0) found.push({ speed, copySpeed, share: speed / copySpeed })
  }
  const middle = (key: 'speed' | 'copySpeed' | 'share'): number => median(found.map((turn) => turn[key]))
  return { speed: middle('speed'), copySpeed: middle('copySpeed'), share: middle('share') }
}

async function speedOf(clock: Clock, kernel: Kernel): Promise<number> {
  const start = clock.monotonicMs()
  await kernel.run()
  return kernel.bytes / (clock.monotonicMs() - start) / 1e6
}

/** About normal, as gradients are; the variance is positive. */
function fill(vectors: readonly Float32Array[]): void {
  const random = seededRandom(1)
  const some = Float32Array.from({ length: 65_521 }, () => random.next() + random.next() + random.next() - 1.5)
  for (const [index, vector] of vectors.entries()) {
    const piece = index === varianceAt ? some.map((value) => value * value + 1e-3) : some
    for (let at = 0; at < vector.length; at += piece.length) {
      vector.set(piece.subarray(0, Math.min(piece.length, vector.length - at)), at)
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
