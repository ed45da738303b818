// NaN and infinity never enter an encoding: one of them would spoil its block, then every region. Whoever finds one says
// in which tensor it is, so that the model's author knows where to look.
import { tensorAt, type Layout } from '../../replica/layout.ts'

/** The name of the tensor with the first element that is NaN or infinite; null where there is none. */
export function nonFiniteTensor(values: Float32Array, layout: Layout): string | null {
  const index = firstNonFinite(values)
  return index === null ? null : (tensorAt(layout, index)?.name ?? null)
}

export function firstNonFinite(values: Float32Array): number | null {
  const index = values.findIndex((value) => !Number.isFinite(value))
  return index === -1 ? null : index
}
