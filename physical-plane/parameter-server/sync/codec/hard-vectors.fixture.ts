// Vectors that are hard on codecs: lengths on both sides of every group, block and chunk; elements of one size, of many
// sizes, subnormal, near the largest, all equal (ties), few distinct ones, mostly zero, and any finite bits at all.
import * as fc from 'fast-check'

const lengths = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.constantFrom(255, 256, 257, 511, 512, 771, 4095, 4096, 4097, 4096 + 256, 8192 + 3),
  fc.integer({ min: 1, max: 9000 }),
)

const kinds = {
  normal: (draw: () => number) => normal(draw),
  wide: (draw) => normal(draw) * 10 ** Math.floor(draw() * 24 - 12),
  tiny: (draw) => normal(draw) * 2 ** -149 * 2 ** Math.floor(draw() * 30),
  huge: (draw) => (draw() < 0.5 ? -1 : 1) * (1 - draw() * 2 ** -20) * 3.4028234663852886e38,
  equal: (draw) => (draw() < 0.5 ? -1.5 : 1.5),
  few: (draw) => Math.floor(draw() * 7 - 3) / 2,
  sparse: (draw) => (draw() < 0.002 ? normal(draw) : draw() < 0.5 ? 0 : -0),
  bits: (draw) => anyBits(draw),
} satisfies Record<string, (draw: () => number) => number>

export type Kind = keyof typeof kinds

/** A long vector is drawn from a seed: one number per element would make every test case slow. */
export function hardVectors(of: readonly Kind[] = Object.keys(kinds) as Kind[]): fc.Arbitrary<Float32Array> {
  return fc.tuple(lengths, fc.constantFrom(...of), fc.integer()).map(([length, kind, seed]) => {
    const draw = mulberry(seed)
    return Float32Array.from({ length }, () => kinds[kind](draw))
  })
}

/** Uniform in [0, 1). The mulberry32 generator. */
export function mulberry(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw())
}

function anyBits(draw: () => number): number {
  const value = new Float32Array(Uint32Array.of(draw() * 2 ** 32).buffer)[0]!
  return Number.isFinite(value) ? value : 1
}
