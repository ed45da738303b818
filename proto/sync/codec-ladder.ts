// Which codecs may stand in for the one that a job asks for when its links cannot carry that: each rung is smaller and
// coarser than the one before. A job that asked for a sparse codec gets that one: nothing here is smaller.
import type { CodecName } from './settings.ts'

/** From finest to coarsest, the asked one first. */
export function rungsFrom(asked: CodecName): readonly CodecName[] {
  switch (asked) {
    case 'fp32':
      return ['fp32', 'fp16', 'int8', 'int4', 'top-k']
    case 'fp16':
      return ['fp16', 'int8', 'int4', 'top-k']
    case 'bf16':
      return ['bf16', 'int8', 'int4', 'top-k']
    case 'int8':
      return ['int8', 'int4', 'top-k']
    case 'int4':
      return ['int4', 'top-k']
    case 'top-k':
    case 'sparse-loco':
      return [asked]
  }
}

/** Finer than asked is only the exact one, and only on links so good that it costs nothing. */
export function isRefinable(asked: CodecName): boolean {
  return asked !== 'fp32' && !isSparse(asked)
}

export function isSparse(codec: CodecName): boolean {
  return codec === 'top-k' || codec === 'sparse-loco'
}
