// A codec by name. The bits are the same wherever vectors and bytes lie: in the arena codec-kernels.wat computes them, at
// the speed of memory; elsewhere the plain version does.
import { assert } from '#runtime/assert.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { chunkElements, kept } from '#proto/sync/encoded-bytes.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import { bf16 } from './bf16.ts'
import { codecKernelsCode } from './codec-kernels.wasm.ts'
import type { Codec, CodecMemory, PlainCodec } from './codec.ts'
import { fp16 } from './fp16.ts'
import { fp32 } from './fp32.ts'
import { int4 } from './int4.ts'
import { int8 } from './int8.ts'
import { sparseLoco } from './sparse-loco.ts'
import { topK } from './top-k.ts'

export type CodecOptions = {
  /** Share of elements that top-k and sparse-loco send: above 0, at most 1. */
  readonly density: number
  readonly memory: CodecMemory
}

export function createCodec(name: CodecName, { density, memory }: CodecOptions): Codec {
  const plain = plainCodec(name, density)
  const code = memory.load(codecKernelsCode)
  const kernels = arenaKernels[name]
  const isSparse = name === 'top-k' || name === 'sparse-loco'
  const extra = (elements: number): readonly number[] =>
    isSparse ? [kept(chunkElements, density), kept(elements % chunkElements, density)] : []

  /** Whether the arena's code can do it; if not, the plain version may, at once. */
  const isInArena = (bytes: Uint8Array, vector: Float32Array): boolean => {
    checkLength(name, bytes, plain.encodedBytes(vector.length))
    const held = [bytes, vector].filter((view) => memory.holds(view)).length
    if (held === 1) memory.settleNow()
    return held === 2
  }

  return {
    name,
    isExact: name === 'fp32',
    encodedBytes: (elements) => plain.encodedBytes(elements),

    encode(values, target) {
      if (!isInArena(target, values)) return plain.encode(values, target)
      const { byteOffset, byteLength, length } = values
      code.run(kernels.encode, byteOffset, byteLength, target.byteOffset, ...extra(length))
    },

    async decode(bytes, target) {
      if (!isInArena(bytes, target)) return plain.decode(bytes, target)
      const { byteOffset, byteLength, length } = target
      const isRefused = await code.ask(kernels.decode, bytes.byteOffset, byteOffset, byteLength, ...extra(length), 0)
      if (isRefused === 0) return
      // The plain version says what is wrong, and where.
      plain.decode(bytes, new Float32Array(length))
      assert(false, `${name}: the arena's code refused bytes that the plain version takes`)
    },

    subtract(bytes, target) {
      const { byteOffset, byteLength, length } = target
      if (isInArena(bytes, target)) {
        code.run(kernels.decode, bytes.byteOffset, byteOffset, byteLength, ...extra(length), 1)
        return
      }
      const decoded = new Float32Array(length)
      plain.decode(bytes, decoded)
      for (const [index, value] of decoded.entries()) target[index]! -= value
    },
  }
}

/** The plain version of a codec, for vectors anywhere. */
export function plainCodec(name: CodecName, density: number): PlainCodec {
  if (!(density > 0 && density <= 1)) {
    throw invalid([{ field: 'sync.density', description: `${density} must be above 0 and at most 1` }])
  }
  switch (name) {
    case 'fp32':
      return fp32
    case 'fp16':
      return fp16
    case 'bf16':
      return bf16
    case 'int8':
      return int8
    case 'int4':
      return int4
    case 'top-k':
      return topK(density)
    case 'sparse-loco':
      return sparseLoco(density)
  }
}

const arenaKernels: Readonly<Record<CodecName, { readonly encode: string; readonly decode: string }>> = {
  fp32: { encode: 'encodeFp32', decode: 'decodeFp32' },
  fp16: { encode: 'encodeFp16', decode: 'decodeFp16' },
  bf16: { encode: 'encodeBf16', decode: 'decodeBf16' },
  int8: { encode: 'encodeInt8', decode: 'decodeInt8' },
  int4: { encode: 'encodeInt4', decode: 'decodeInt4' },
  'top-k': { encode: 'encodeTopK', decode: 'decodeTopK' },
  'sparse-loco': { encode: 'encodeSparseLoco', decode: 'decodeSparseLoco' },
}

function checkLength(codec: CodecName, bytes: Uint8Array, wanted: number): void {
  if (bytes.length === wanted) return
  const description = `${bytes.length} bytes of ${codec}, where this many elements are ${wanted}`
  throw new CloudlessError('invalid', 'MALFORMED_ENCODING', `payload: ${description}`, {
    violations: [{ field: 'payload', description }],
    metadata: { codec },
  })
}
