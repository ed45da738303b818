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

export type FeedbackMemory = Pick<VectorMemory, 'allocate' | 'release' | 'kernels'>

/**
 * `values` and `residual` stay as they are; neither may change until the promise is kept. Without a residual nothing is
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
  const { kernels } = memory
  const sum = memory.allocate(values.length)
  const length = codec.encodedBytes(values.length)
  const store = memory.allocate(Math.ceil(length / 4))
  const bytes = new Uint8Array(store.buffer, store.byteOffset, length)
  try {
    kernels.copy(sum, values)
    if (residual !== null) kernels.addScaled(sum, residual, keep)
    const before = await kernels.sumOfSquares(sum)
    if (!Number.isFinite(before)) throw diverged(sum)
    await codec.encode(sum, bytes)
    if (codec.isExact) sum.fill(0)
    else await codec.subtract(bytes, sum)
    const after = codec.isExact ? 0 : await kernels.sumOfSquares(sum)
    if (residual === null) memory.release(sum)
    return {
      bytes,
      error: before === 0 ? 0 : Math.sqrt(after / before),
      residual: residual === null ? null : sum,
      release: () => memory.release(store),
    }
  } catch (error) {
    memory.release(sum)
    memory.release(store)
    throw error
  }
}

function diverged(sum: Float32Array): CloudlessError {
  const element = present(firstNonFinite(sum), 'an element that is not finite')
  const text = `element ${element} of what is to be sent is ${sum[element]}`
  return new CloudlessError('conflict', 'DIVERGED', text, { metadata: { element: String(element) } })
}
