// Which MIG slices carry functions at given rates with the fewest GPUs of one model (ParvaGPU's question, placement/mig), from their
// profiles. A slice is taken to answer like as many of the multiprocessors under MPS. Half of an objective is left for batches to fill,
// as in ParvaGPU's scenarios. Pure: nothing is cut.
import {
  planSegments,
  type SegmentDemand,
  type SegmentOption,
} from '#physical-plane/gpu-sharing/placement/mig/plan-segments.ts'
import { sliceSizes, type SliceSize } from '#physical-plane/gpu-sharing/placement/mig/slots.ts'
import { latencyModelOf, type ProfiledLatency } from './scaling/predict-latency.ts'

export type SlicedFunction = {
  readonly name: string
  readonly ratePerSecond: number
  readonly sloMs: number
  readonly batchMax: number
  /** Of the GPU, for one instance; 0 where nobody has said. */
  readonly memoryBytes: number
  readonly profile: readonly ProfiledLatency[]
}

export type SlicedGpu = { readonly deviceModel: string; readonly memoryBytes: number }

export type SlicePlan =
  | {
      readonly kind: 'planned'
      /** Slices by GPU, in the order of their slots. */
      readonly gpus: readonly (readonly PlannedSlice[])[]
      /** Fewer are proved to be impossible. */
      readonly isFewest: boolean
    }
  | { readonly kind: 'impossible'; readonly because: string }

export type PlannedSlice = {
  readonly function: string
  /** As nvidia-smi writes it: "3g.20gb". */
  readonly profile: string
  /** Of seven. */
  readonly firstSlot: number
  readonly batch: number
  readonly latencyMs: number
  /** The most that it carries. */
  readonly ratePerSecond: number
}

/** A plan is exact, and its search grows with the GPUs. */
export const slicedGpusMax = 64

const slots = 7
/** Of eight parts of the memory, by slice. */
const memoryParts: Readonly<Record<SliceSize, number>> = { 1: 1, 2: 2, 3: 4, 4: 4, 7: 8 }

export function planSlices(functions: readonly SlicedFunction[], gpu: SlicedGpu, gpusMax: number): SlicePlan {
  const plan = planSegments(
    functions.map((each) => demandOf(each, gpu)),
    gpusMax,
  )
  if (plan.kind === 'impossible') return plan
  const gpus = plan.gpus.map((segments) =>
    segments
      .map(({ model, start, option: { size, batch, latencyMs, ratePerSecond } }) => {
        return { function: model, profile: profileName(size, gpu), firstSlot: start, batch, latencyMs, ratePerSecond }
      })
      .toSorted((a, b) => a.firstSlot - b.firstSlot),
  )
  return { kind: 'planned', gpus, isFewest: plan.isExact }
}

function demandOf(
  { name, ratePerSecond, sloMs, batchMax, memoryBytes, profile }: SlicedFunction,
  gpu: SlicedGpu,
): SegmentDemand {
  const latencyOf = latencyModelOf(profile)
  const options = sliceSizes
    .filter((size) => memoryBytes <= (gpu.memoryBytes * memoryParts[size]) / 8)
    .flatMap((size) =>
      batchesUpTo(batchMax).flatMap((batch): readonly SegmentOption[] => {
        const smMilli = Math.floor((1_000 * size) / slots)
        const predictedMs = latencyOf(gpu.deviceModel, batch, { smMilli, requestMilli: 1_000, limitMilli: 1_000 })
        if (predictedMs === null) return []
        // What logarithms add in the last digits must not make it late.
        const latencyMs = Number(predictedMs.toPrecision(9))
        return [{ size, batch, processes: 1, latencyMs, ratePerSecond: (1_000 * batch) / latencyMs }]
      }),
    )
  return { model: name, ratePerSecond, latencyMaxMs: sloMs / 2, options }
}

function batchesUpTo(most: number): readonly number[] {
  const powers = Array.from({ length: 11 }, (_, power) => 2 ** power).filter((batch) => batch < most)
  return [...powers, most]
}

function profileName(size: SliceSize, { memoryBytes }: SlicedGpu): string {
  return `${size}g.${Math.round((memoryBytes * memoryParts[size]) / 8 / 2 ** 30)}gb`
}
