// What an encoded vector weighs, to the byte. The control plane forecasts with it, the parameter server sends exactly it.
//   fp32 4n · fp16, bf16 2n · int8, int4: blocks of 256, an fp32 scale and then one byte or half a byte per element
//   top-k: chunks of 4096; per chunk k = max(1, ceil(density x length)) uint16 indices, then k fp16 values
//   sparse-loco: the same chunks; k uint16 indices, two bfloat16 levels, and 2 bits per value
import type { CodecName } from './settings.ts'

export const blockElements = 256
export const chunkElements = 4096

export function encodedBytes(codec: CodecName, elements: number, density: number): number {
  switch (codec) {
    case 'fp32':
      return 4 * elements
    case 'fp16':
    case 'bf16':
      return 2 * elements
    case 'int8':
      return 4 * Math.ceil(elements / blockElements) + elements
    case 'int4':
      return sumOfPieces(elements, blockElements, (length) => 4 + Math.ceil(length / 2))
    case 'top-k':
      return sumOfPieces(elements, chunkElements, (length) => 4 * kept(length, density))
    case 'sparse-loco':
      return sumOfPieces(elements, chunkElements, (length) => {
        const k = kept(length, density)
        return 2 * k + 4 + Math.ceil(k / 4)
      })
  }
}

/** Elements of a chunk that are sent. */
export function kept(length: number, density: number): number {
  return Math.min(length, Math.max(1, Math.ceil(density * length)))
}

function sumOfPieces(elements: number, pieceElements: number, bytesOf: (length: number) => number): number {
  const whole = Math.floor(elements / pieceElements)
  const rest = elements % pieceElements
  return whole * bytesOf(pieceElements) + (rest === 0 ? 0 : bytesOf(rest))
}
