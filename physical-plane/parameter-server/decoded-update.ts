// From another region's update to numbers, where its header and its bytes are what they should be.
import { assert } from '#runtime/assert.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { Replica } from './replica/replica.ts'
import { objectionTo } from './sync/expected-update.ts'
import type { UpdateHeader } from './sync/update.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'

type Decoder = { readonly strategy: UpdateStrategy; readonly replica: Replica; readonly memory: VectorMemory }

/** The vector, which the caller releases. Rejects with `invalid` where it can not be what it claims. */
export async function decodedUpdate(
  header: UpdateHeader,
  bytes: Uint8Array | null,
  { strategy, replica, memory }: Decoder,
): Promise<Float32Array> {
  const objection = objectionTo(header, strategy, replica)
  if (objection !== null) throw objection
  assert(bytes !== null, `update ${header.seq} of ${header.region} was not fetched`)
  const values = memory.allocate(replica.elementCount)
  try {
    await strategy.decodes(header, bytes, values)
    return values
  } catch (error) {
    memory.release(values)
    throw error
  }
}
