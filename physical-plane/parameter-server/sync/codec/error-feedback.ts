// What an encoding loses is added to what is sent next, so that over time everything arrives (Seide et al., Interspeech
// 2014; Karimireddy et al., arXiv 1901.09847):
//   u = x + keep * e ;  y = decode(encode(u)) ;  e' = u - y
// The residual e belongs to one region and one stream. Nothing here remembers it: e' is handed out, and replaces e only
// when what was sent is certain to count, that is when the round commits, or the update is sealed. Until then throwing e'
// away leaves everything as it was.
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { VectorMemory } from '../../replica/memory.ts'
import type { Codec } from './codec.ts'
import { firstNonFinite } from './non-finite.ts'

export type Encoded = {
  readonly bytes: Uint8Array
  /** |u - y| / |u|; 0 where u is 0. */
  readonly error: number
  /** e', for the caller to keep or release; null where no residual was given. */
  readonly residual: Float32Array | null
  /** Gives the memory of the bytes back. */
  readonly release: () => void
}

export type FeedbackMemory = Pick<VectorMemory, 'allocate' | 'release' | 'kernels' | 'settled'>

/**
 * `values` and `residual` stay as they are, and must until the promise is kept. Without a residual nothing is
 * added, and the error is only measured. Rejects with a `CloudlessError` of reason `DIVERGED`, whose metadata name the
 * `element`, where the sum is not finite.
 */
export async function encodeWithFeedback(
  codec: Codec,
  values: Float32Array,
  residual: Float32Array | null,
  memory: FeedbackMemory,
  keep = 1,
): Promise<Encoded> {
  const length = codec.encodedBytes(values.length)
  const store = memory.allocate(Math.ceil(length / 4))
  const bytes = new Uint8Array(store.buffer, store.byteOffset, length)
  const release = (): void => memory.release(store)
  const sum = memory.allocate(codec.isExact && residual === null ? 0 : values.length)
  try {
    if (codec.isExact && residual === null) {
      // Nothing is added and nothing lost, so nothing is computed.
      await checkedSquares(values, memory)
      codec.encode(values, bytes)
      await memory.settled()
      memory.release(sum)
      return { bytes, error: 0, residual: null, release }
    }
    memory.kernels.copy(sum, values)
    if (residual !== null) memory.kernels.addScaled(sum, residual, keep)
    const before = await checkedSquares(sum, memory)
    codec.encode(sum, bytes)
    codec.subtract(bytes, sum)
    const after = await memory.kernels.sumOfSquares(sum)
    if (residual === null) memory.release(sum)
    const error = before === 0 ? 0 : Math.sqrt(after / before)
    return { bytes, error, residual: residual === null ? null : sum, release }
  } catch (error) {
    memory.release(sum)
    release()
    throw error
  }
}

/** The sum of squares, which is finite where every element is. */
async function checkedSquares(values: Float32Array, memory: FeedbackMemory): Promise<number> {
  const squares = await memory.kernels.sumOfSquares(values)
  if (Number.isFinite(squares)) return squares
  const element = present(firstNonFinite(values), 'an element that is not finite')
  const text = `element ${element} of what is to be sent is ${values[element]}`
  throw new CloudlessError('conflict', 'DIVERGED', text, { metadata: { element: String(element) } })
}
