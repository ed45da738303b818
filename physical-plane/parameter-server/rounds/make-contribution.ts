// What this region offers to the next round: how far its replica moved from the shared parameters, encoded together with
// what earlier encodings lost. Once offered it never changes; its residual becomes the region's only if the round that
// commits has it in, so that a round without it is as if it had never been made. Steps go on meanwhile: `sent` is the
// replica as it stood.
import { present } from '#runtime/assert.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Replica } from '../replica/replica.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import { encodeWithFeedback, type Encoded } from '../sync/codec/error-feedback.ts'
import type { Contribution, RoundPlan } from './types.ts'
import type { Cut, SharedParameters } from './shared-parameters.ts'

export type Pending = {
  readonly contribution: Contribution
  readonly cut: Cut
  readonly fragment: number
  /** The fragment of the replica when the contribution was made. */
  readonly sent: Float32Array
  /** What the encoding lost: the fragment's residual if the round has the contribution in. Null for exact codecs. */
  readonly residual: Float32Array | null
  readonly bytes: Uint8Array
  readonly releaseBytes: () => void
  readonly madeAtMs: number
  /** Local steps and samples of the region up to here. */
  readonly stepsBefore: number
  readonly samplesBefore: number
}

export type ContributionInput = {
  readonly id: number
  readonly round: number
  readonly fragment: number
  readonly cut: Cut
  readonly plan: RoundPlan
  readonly codec: RoundPlan['codec']
  /** Share of the residual that goes along. */
  readonly keep: number
  readonly what: 'delta' | 'model'
  readonly steps: number
  readonly samples: number
  readonly weight: number
  readonly cursor: string
  readonly stepsBefore: number
  readonly samplesBefore: number
  readonly nowMs: number
}

/** Rejects with `DIVERGED`, naming the tensor, where the replica holds NaN or infinity. */
export async function makeContribution(
  input: ContributionInput,
  {
    replica,
    shared,
    residual,
    memory,
  }: { replica: Replica; shared: SharedParameters; residual: Float32Array | null; memory: VectorMemory },
): Promise<Pending> {
  const { cut, plan, what } = input
  const sent = shared.gather(replica.values, cut)
  const moved = what === 'model' ? shared.gather(replica.values, cut) : shared.gather(shared.values, cut)
  if (what === 'delta') memory.kernels.addScaled(moved, sent, -1)
  const kept = residual === null ? null : shared.gather(residual, cut)
  let encoded: Encoded | null = null
  try {
    const codec = createCodec(input.codec, { density: plan.density, memory })
    encoded = await encodeWithFeedback(codec, moved, kept, memory, input.keep)
    const sha256 = await memory.sha256(encoded.bytes)
    return {
      contribution: {
        id: input.id,
        round: input.round,
        payload: { sha256, bytes: encoded.bytes.byteLength, codec: codec.name, elements: cut.elements },
        steps: input.steps,
        samples: input.samples,
        weight: input.weight,
        cursor: input.cursor,
        codecError: encoded.error,
        planVersion: plan.version,
      },
      cut,
      fragment: input.fragment,
      sent,
      residual: kept === null ? null : present(encoded.residual, 'an encoding with feedback'),
      bytes: encoded.bytes,
      releaseBytes: encoded.release,
      madeAtMs: input.nowMs,
      stepsBefore: input.stepsBefore,
      samplesBefore: input.samplesBefore,
    }
  } catch (error) {
    memory.release(sent)
    encoded?.release()
    if (encoded !== null && encoded.residual !== null) memory.release(encoded.residual)
    throw error
  } finally {
    memory.release(moved)
    if (kept !== null) memory.release(kept)
  }
}
