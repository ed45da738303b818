// How what is to be told becomes bytes: all of it by a codec, or only what matters (ASP). `told` is what the others will
// decode; the rest stays with whoever tells. What a region tells last is exact, because the round that ends the job takes
// each replica by its data share: of a rest that only one of them has, no more than that share would survive.
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
  /** As its payloads say: the one in use, and that of what is exact. */
  readonly codecs: readonly CodecName[]
  kindOf(accumulated: 'gradient' | 'delta'): UpdateKind
  encode(values: Float32Array, parameters: Float32Array, isExact: boolean): Promise<Told>
  decode(bytes: Uint8Array, codec: CodecName, target: Float32Array): Promise<void>
}

export function tellAll({ codec: name, density }: SyncSettings, memory: VectorMemory): Telling {
  const inUse = createCodec(name, { density, memory })
  const exact = createCodec('fp32', { density, memory })
  return {
    takesGradients: true,
    codecs: [...new Set([name, exact.name])],
    kindOf: (accumulated) => accumulated,
    encode: async (values, _, isExact) => {
      const codec = isExact ? exact : inUse
      const bytes = payloadMemory(memory).allocate(codec.encodedBytes(values.length))
      codec.encode(values, bytes)
      await memory.settled()
      const encoded = { bytes, codec: codec.name, elements: values.length }
      if (codec.isExact) return { encoded, told: values, isAll: true, error: 0 }
      const told = memory.allocate(values.length)
      await codec.decode(bytes, told)
      const error = await relativeError(values, told, memory)
      return { encoded, told, isAll: error === 0, error }
    },
    decode: (bytes, codec, target) => (codec === exact.name ? exact : inUse).decode(bytes, target),
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
    codecs: ['fp32'],
    kindOf: () => 'significant',
    encode: async (values, parameters, isExact) => {
      await memory.settled()
      const threshold = isExact ? 0 : significanceAt(significance, exchanges() + 1)
      const { bytes } = encodeSignificant(values, parameters, threshold)
      const told = memory.allocate(values.length)
      decodeSignificant(bytes, told)
      const encoded = { bytes, codec: 'fp32', elements: values.length } as const
      const error = await relativeError(values, told, memory)
      return { encoded, told, isAll: error === 0, error }
    },
    decode: async (bytes, _, target) => {
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
