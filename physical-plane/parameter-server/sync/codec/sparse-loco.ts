// sparse-loco: the elements that top-k sends, with 2 bits each (after SparseLoCo, arXiv 2508.15706, which sends 1 to 3 %
// with 2 bits). Wire, per chunk of 4096: k uint16 indices, ascending; two levels as bfloat16, for small magnitudes and for
// large ones; four codes to a byte, the earliest in the lowest bits: 1 is the large level, 2 is minus. Bits left over are 0.
//
// Magnitudes above the middle between the least and the greatest are large, and a level is the mean of its magnitudes.
// Hence what is lost is always less than what was there, as error feedback needs in order to converge: a mean loses only
// the spread around it, and one outlier has a level of its own instead of raising that of the others.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { fromBf16, toBf16 } from './bf16.ts'
import type { PlainCodec } from './codec.ts'
import { chunksOf, largestElements, readIndices, type Chunk } from './largest-elements.ts'
import { malformed } from './malformed.ts'

export function sparseLoco(density: number): PlainCodec {
  return {
    encodedBytes: (elements) => encodedBytes('sparse-loco', elements, density),

    encode(values, target) {
      const wire = new DataView(target.buffer, target.byteOffset, target.byteLength)
      target.fill(0)
      let at = 0
      for (const chunk of chunksOf(values.length, density)) {
        const indices = largestElements(values, chunk)
        const { small, large, codes } = quantise(indices.map((index) => values[chunk.start + index]!))
        for (const [i, index] of indices.entries()) wire.setUint16(at + i * 2, index, true)
        wire.setUint16(at + chunk.k * 2, toBf16(small), true)
        wire.setUint16(at + chunk.k * 2 + 2, toBf16(large), true)
        for (const [i, code] of codes.entries()) target[codeAt(at, chunk, i)]! |= code << ((i % 4) * 2)
        at = codeAt(at, chunk, chunk.k + 3)
      }
    },

    decode(bytes, target) {
      const wire = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      target.fill(0)
      let at = 0
      for (const chunk of chunksOf(target.length, density)) {
        const small = readLevel(wire, at + chunk.k * 2, chunk)
        const large = readLevel(wire, at + chunk.k * 2 + 2, chunk)
        for (const [i, index] of readIndices('sparse-loco', wire, at, chunk).entries()) {
          const code = bytes[codeAt(at, chunk, i)]! >> ((i % 4) * 2)
          const magnitude = code & 1 ? large : small
          target[chunk.start + index] = code & 2 ? -magnitude : magnitude
        }
        const rest = chunk.k % 4 === 0 ? 0 : bytes[codeAt(at, chunk, chunk.k)]! >> ((chunk.k % 4) * 2)
        if (rest !== 0) throw malformed('sparse-loco', chunk.start, `${rest} follows the last code; it must be 0`)
        at = codeAt(at, chunk, chunk.k + 3)
      }
    },
  }
}

type Quantised = { readonly small: number; readonly large: number; readonly codes: readonly number[] }

/** Sums in float64, in the order of the indices. */
function quantise(sent: readonly number[]): Quantised {
  const magnitudes = sent.map(Math.abs)
  const cut = (Math.min(...magnitudes) + Math.max(...magnitudes)) / 2
  const mean = (of: readonly number[]): number => of.reduce((sum, value) => sum + value, 0) / Math.max(of.length, 1)
  const small = mean(magnitudes.filter((magnitude) => magnitude <= cut))
  const large = mean(magnitudes.filter((magnitude) => magnitude > cut))
  const codes = sent.map((value) => {
    const isNegative = value < 0 || Object.is(value, -0)
    return (Math.abs(value) > cut ? 1 : 0) | (isNegative ? 2 : 0)
  })
  return { small, large, codes }
}

function readLevel(wire: DataView, at: number, chunk: Chunk): number {
  const level = fromBf16(wire.getUint16(at, true))
  if (level >= 0 && Number.isFinite(level) && !Object.is(level, -0)) return level
  throw malformed('sparse-loco', chunk.start, `the chunk has a level of ${level}; it must be finite and not negative`)
}

/** The byte of the i-th code of the chunk whose encoding starts at `at`. */
function codeAt(at: number, { k }: Chunk, i: number): number {
  return at + k * 2 + 4 + Math.floor(i / 4)
}
