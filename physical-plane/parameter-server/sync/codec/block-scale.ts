// What int8 and int4 share: a block of 256 elements is sent as integers between -L and L times a scale s = max|u| / L,
// L being 127 or 7. Three small rules make it hold everywhere:
//   - Rounding is sign(v) * floor(|v| + 0.5). `Math.round` is not odd (-63.5 gives -63), which would bias sums.
//   - A scale whose product with L falls half-way between two floats moves one step down. Otherwise the decoded maximum
//     would give another scale, and encoding what was decoded would not give the same bytes.
//   - A scale below the smallest normal float is 0, as is its block, and one above the largest float / L is that; the
//     residual keeps what this loses.
import { blockElements } from '#proto/sync/encoded-bytes.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import { malformed } from './malformed.ts'

export type Levels = 127 | 7

const smallestNormal = 2 ** -126
/** The largest scales that the rules above let through; times L they are finite. */
const largestScales: Readonly<Record<Levels, number>> = { 127: 0x810203 * 2 ** 98, 7: 0x924923 * 2 ** 102 }

export type Block = { readonly start: number; readonly end: number }

export function* blocksOf(elements: number): Generator<Block> {
  for (let start = 0; start < elements; start += blockElements) {
    yield { start, end: Math.min(start + blockElements, elements) }
  }
}

export function blockScale(values: Float32Array, { start, end }: Block, levels: Levels): number {
  const scale = new Float32Array(1)
  const bits = new Int32Array(scale.buffer)
  for (let index = start; index < end; index++) scale[0] = Math.max(scale[0]!, Math.abs(values[index]!))
  scale[0] = scale[0]! / levels
  if (scale[0] < smallestNormal) return 0
  if ((bits[0]! & levels) === (levels + 1) / 2) bits[0]! -= 1
  return Math.min(scale[0], largestScales[levels])
}

/** The integer that stands for an element. */
export function quantise(value: number, scale: number, levels: Levels): number {
  if (scale === 0) return 0
  const ratio = Math.fround(value / scale)
  const rounded = Math.min(levels, Math.floor(Math.abs(ratio) + 0.5))
  return ratio < 0 ? 0 - rounded : rounded
}

export function checkScale(codec: CodecName, scale: number, { start }: Block, levels: Levels): void {
  const isScale = Object.is(scale, 0) || (scale >= smallestNormal && scale <= largestScales[levels])
  if (isScale) return
  const limits = `0 or between ${smallestNormal} and ${largestScales[levels]}`
  throw malformed(codec, start, `the block's scale is ${scale}; it must be ${limits}`)
}

export function checkQuantised(codec: CodecName, value: number, element: number, levels: Levels): void {
  if (value < -levels) throw malformed(codec, element, `the value ${value} is below -${levels}`)
}
