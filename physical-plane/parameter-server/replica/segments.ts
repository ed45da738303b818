// Neighbouring elements of the flat vector that one parameter group moves. Buffers belong to no segment.
import type { Layout } from './layout.ts'

export type Segment = { readonly group: number; readonly start: number; readonly end: number }

export function segmentsOf(layout: Layout): readonly Segment[] {
  const segments: Segment[] = []
  let start = 0
  for (const { group, length, isBuffer } of layout.tensors) {
    if (isBuffer) break
    const end = start + length
    const last = segments.at(-1)
    if (last?.group === group) segments[segments.length - 1] = { ...last, end }
    else segments.push({ group, start, end })
    start = end
  }
  return segments
}
