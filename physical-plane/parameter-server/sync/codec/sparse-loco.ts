// sparse-loco: the elements that top-k sends, with 2 bits each: sign and whether its magnitude is s or 2s (after
// SparseLoCo, arXiv 2508.15706, which sends 1 to 3 % with 2 bits). Wire, per chunk of 4096: k uint16 indices, ascending;
// the float32 s; four codes to a byte, the earliest in the lowest bits: 1 is 2s, 2 is minus. Bits left over are 0.
//
// Magnitudes above 1.5 times their mean are large. s is then the least-squares fit, sum(c|v|) / sum(c²) with c of 1 or 2:
// whatever the values are, what is lost is smaller than what was there, as error feedback needs in order to converge.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { chunksOf, largestElements, readIndices, type Chunk } from './largest-elements.ts'
import { malformed } from './malformed.ts'

/** Twice this is the largest float32. */
const largestScale = (2 - 2 ** -23) * 2 ** 126

export function sparseLoco(density: number): PlainCodec {
  return {
    encodedBytes: (elements) => encodedBytes('sparse-loco', elements, density),

    encode(values, target) {
      const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
      target.fill(0)
      let at = 0
      for (const chunk of chunksOf(values.length, density)) {
        const indices = largestElements(values, chunk)
        const sent = indices.map((index) => values[chunk.start + index]!)
        const { scale, codes } = quantise(sent)
        for (const [i, index] of indices.entries()) wire.setUint16(at + i * 2, index, true)
        wire.setFloat32(at + chunk.k * 2, scale, true)
        for (const [i, code] of codes.entries()) target[codeAt(at, chunk, i)]! |= code << ((i % 4) * 2)
        at = codeAt(at, chunk, chunk.k + 3)
      }
    },

    decode(bytes, target) {
      const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      target.fill(0)
      let at = 0
      for (const chunk of chunksOf(target.length, density)) {
        const scale = wire.getFloat32(at + chunk.k * 2, true)
        if (!(scale >= 0 && scale <= largestScale) || Object.is(scale, -0)) {
          throw malformed('sparse-loco', chunk.start, `the chunk's scale is ${scale}; it must be 0 to ${largestScale}`)
        }
        for (const [i, index] of readIndices('sparse-loco', wire, at, chunk).entries()) {
          const code = bytes[codeAt(at, chunk, i)]! >> ((i % 4) * 2)
          target[chunk.start + index] = scale * (code & 1 ? 2 : 1) * (code & 2 ? -1 : 1)
        }
        const rest = chunk.k % 4 === 0 ? 0 : bytes[codeAt(at, chunk, chunk.k)]! >> ((chunk.k % 4) * 2)
        if (rest !== 0) throw malformed('sparse-loco', chunk.start, `${rest} follows the last code; it must be 0`)
        at = codeAt(at, chunk, chunk.k + 3)
      }
    },
  }
}

/** Sums in float64, in the order of the indices. */
function quantise(sent: readonly number[]): { readonly scale: number; readonly codes: readonly number[] } {
  let sum = 0
  for (const value of sent) sum += Math.abs(value)
  const cut = 1.5 * (sum / sent.length)
  let products = 0
  let squares = 0
  const codes = sent.map((value) => {
    const isLarge = Math.abs(value) > cut
    products += isLarge ? Math.abs(value) * 2 : Math.abs(value)
    squares += isLarge ? 4 : 1
    const isNegative = value < 0 || Object.is(value, -0)
    return (isLarge ? 1 : 0) | (isNegative ? 2 : 0)
  })
  return { scale: Math.min(Math.fround(products / squares), largestScale), codes }
}

/** The byte of the i-th code of the chunk whose encoding starts at `at`. */
function codeAt(at: number, { k }: Chunk, i: number): number {
  return at + k * 2 + 4 + Math.floor(i / 4)
}
