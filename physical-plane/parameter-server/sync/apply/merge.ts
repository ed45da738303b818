// What becomes of the local steps that were made while an exchange was under way.
//   rebase     w = shared + (w - sent)               keeps them in full: with one region it is uninterrupted training
//   mix        w = shared × (1 - a) + w × a          Streaming DiLoCo: keeps a share a of them, and of the old parameters
//   overwrite  w = shared                            forgets them
// `sent` is the local model as it stood when the contribution was made. Rebase is after CoCoD-SGD (arXiv 1906.12043).
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { OuterKernels, Vector } from './outer-kernels.ts'
import { part } from './outer-kernels.ts'
import type { Piece } from './pieces.ts'

export type MergeVectors<V extends Vector> = {
  /** Whole; changes in the fragment's pieces. */
  readonly local: V
  /** Whole, after the outer step. */
  readonly shared: V
  /** The fragment's own vector: the local model when the contribution was made. */
  readonly sent: V
}

export function merge<V extends Vector>(
  kernels: OuterKernels<V>,
  { local, shared, sent }: MergeVectors<V>,
  pieces: readonly Piece[],
  { merge: mode, mergeWeight }: Pick<SyncSettings, 'merge' | 'mergeWeight'>,
): void {
  for (const { start, end, at } of pieces) {
    const target = part(local, start, end)
    const source = part(shared, start, end)
    switch (mode) {
      case 'rebase':
        kernels.rebase(target, source, part(sent, at, at + end - start))
        break
      case 'mix':
        kernels.mix(target, source, mergeWeight)
        break
      case 'overwrite':
        kernels.copy(target, source)
        break
    }
  }
}
