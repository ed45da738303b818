// fp16: IEEE 754 half precision, to nearest, ties to even. Wire: 2 bytes each. What is beyond 65504, the largest one, is
// sent as 65504 with its sign: the residual keeps the rest, where an infinity would end the run.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { PlainCodec } from './codec.ts'
import { malformed } from './malformed.ts'

const largestHalf = 65_504

export const fp16: PlainCodec = {
  encodedBytes: (elements) => encodedBytes('fp16', elements, 1),

  encode(values, target) {
    const halves = new Float16Array(values.length)
    for (const [index, value] of values.entries()) halves[index] = clampToHalf(value)
    target.set(new Uint8Array(halves.buffer))
  },

  decode(bytes, target) {
    const halves = new Float16Array(target.length)
    new Uint8Array(halves.buffer).set(bytes)
    for (const [index, half] of halves.entries()) {
      if (!Number.isFinite(half)) throw malformed('fp16', index, `${half} is not finite`)
      target[index] = half
    }
  },
}

/** The nearest number that half precision can hold without becoming infinite. */
export function clampToHalf(value: number): number {
  return Math.max(-largestHalf, Math.min(largestHalf, value))
}
