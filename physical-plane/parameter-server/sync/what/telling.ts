// How what is to be told becomes bytes: all of it by a codec, or only what matters (ASP). `told` is what the others will
// decode; the rest stays with whoever tells.
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import { payloadMemory } from '../../peers/payload-memory.ts'
import type { VectorMemory } from '../../replica/memory.ts'
import { createCodec } from '../codec/create-codec.ts'
import type { Draft, UpdateKind } from '../update.ts'
import { decodeSignificant, encodeSignificant, significanceAt } from './significant-changes.ts'

export type Told = {
  readonly encoded: NonNullable<Draft['encoded']>
  /** The vector that was given where nothing was lost; else another that the caller releases. */
  readonly told: Float32Array
  readonly isAll: boolean
  readonly error: number
}

export interface Telling {
  /** It can tell sums of gradients; otherwise changes of parameters. */
  readonly takesGradients: boolean
  /** As its payloads say. */
  readonly codec: CodecName
  kindOf(accumulated: 'gradient' | 'delta'): UpdateKind
  encode(values: Float32Array, parameters: Float32Array): Promise<Told>
  decode(bytes: Uint8Array, target: Float32Array): Promise<void>
}

export function tellAll({ codec: name, density }: SyncSettings, memory: VectorMemory): Telling {
  const codec = createCodec(name, { density, memory })
  return {
    takesGradients: true,
    codec: name,
    kindOf: (accumulated) => accumulated,
    encode: async (values) => {
      const bytes = payloadMemory(memory).allocate(codec.encodedBytes(values.length))
      codec.encode(values, bytes)
      await memory.settled()
      const encoded = { bytes, codec: name, elements: values.length }
      if (codec.isExact) return { encoded, told: values, isAll: true, error: 0 }
      const told = memory.allocate(values.length)
      await codec.decode(bytes, told)
      return { encoded, told, isAll: false, error: await relativeError(values, told, memory) }
    },
    decode: (bytes, target) => codec.decode(bytes, target),
  }
}

/** The filter opens with every exchange (ASP of Gaia). */
export function tellSignificant(
  { significance }: SyncSettings,
  exchanges: () => number,
  memory: VectorMemory,
): Telling {
  return {
    takesGradients: false,
    codec: 'fp32',
    kindOf: () => 'significant',
    encode: async (values, parameters) => {
      await memory.settled()
      const { bytes } = encodeSignificant(values, parameters, significanceAt(significance, exchanges() + 1))
      const told = memory.allocate(values.length)
      decodeSignificant(bytes, told)
      const encoded = { bytes, codec: 'fp32', elements: values.length } as const
      return { encoded, told, isAll: false, error: await relativeError(values, told, memory) }
    },
    decode: async (bytes, target) => {
      await memory.settled()
      decodeSignificant(bytes, target)
    },
  }
}

/** |u - y| / |u|; 0 where u is 0. */
async function relativeError(values: Float32Array, told: Float32Array, memory: VectorMemory): Promise<number> {
  const lost = memory.allocate(values.length)
  memory.kernels.copy(lost, values)
  memory.kernels.addScaled(lost, told, -1)
  const before = await memory.kernels.sumOfSquares(values)
  const after = await memory.kernels.sumOfSquares(lost)
  memory.release(lost)
  return before === 0 ? 0 : Math.sqrt(after / before)
}
