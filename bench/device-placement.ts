// How many GPUs each policy needs for the same instances, and how long it takes to place one: 1,000 nodes of 4 GPUs with 40 GB.
//   gpus_N_POLICY         GPUs in use at the peak, of N instances; the median of several draws
//   of_exclusive_N_POLICY the same as a share of what whole GPUs need, in the same draw
//   gpus, placement_p99_ms  of our default, `placement`, at 3,200 instances: Dilu's rule with one node chosen by what is left over,
//                         since nobody here has a part of the multiprocessors
//   *_published_rule      Dilu's rule as its authors' scheduler has it, on the same draws
//   reference_*           what the authors' simulator gives on the authors' own draw of the same mix
// Limits of our default sum up to 1.5 at most on every GPU; request packing has no such bound (limit_sum_max_*).
import type { Demand, Placement, PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { DeviceIndex, type IndexedDevice } from '#physical-plane/gpu-sharing/placement/device-index.ts'
import { exclusive } from '#physical-plane/gpu-sharing/placement/exclusive.ts'
import { limitPacking } from '#physical-plane/gpu-sharing/placement/limit-packing.ts'
import { placement as ours } from '#physical-plane/gpu-sharing/placement/placement.ts'
import { requestPacking } from '#physical-plane/gpu-sharing/placement/request-packing.ts'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { deviceMemoryBytes, drawArrivals, type Arrival } from './device-placement/arrivals.ts'
import { publishedRule } from './device-placement/published-rule.ts'

const policies = [exclusive, limitPacking, requestPacking, ours, publishedRule]
const counts = [100, 800, 3_200]
const seeds = [1, 2, 3, 4, 5]

/** Peak GPUs by policy, in the order above, for each count: the authors' simulator on its own event files. */
const reference: Readonly<Record<number, readonly number[]>> = {
  100: [132, 117, 79, 82],
  800: [693, 639, 520, 499],
  3_200: [1_879, 1_720, 1_358, 1_329],
}

type Replayed = { readonly peak: number; readonly limitMilliMax: number; readonly timesMs: readonly number[] }

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const result: Record<string, number> = {}
  const timesMs: number[] = []
  for (const count of counts) {
    note(`${count} instances, ${seeds.length} draws`)
    const draws = seeds.map((seed) => drawArrivals(count, seededRandom(seed)))
    const whole = draws.map((arrivals) => replay(exclusive, arrivals, clock).peak)
    for (const [at, policy] of policies.entries()) {
      const name = `${count}_${policy.name.replaceAll('-', '_')}`
      const replayed = draws.map((arrivals) => replay(policy, arrivals, clock))
      result[`gpus_${name}`] = median(replayed.map(({ peak }) => peak))
      result[`of_exclusive_${name}`] = median(replayed.map(({ peak }, draw) => peak / whole[draw]!))
      const told = reference[count]![at]
      if (told !== undefined) result[`reference_of_exclusive_${name}`] = told / reference[count]![0]!
      result[`limit_sum_max_${name}`] = Math.max(...replayed.map(({ limitMilliMax }) => limitMilliMax)) / 1_000
      if (policy === ours && count === counts.at(-1)) timesMs.push(...replayed.flatMap((each) => each.timesMs))
    }
  }
  const gpus = result[`gpus_${counts.at(-1)!}_placement`]!
  return { ...result, gpus, placement_p50_ms: quantile(timesMs, 0.5), placement_p99_ms: quantile(timesMs, 0.99) }
}

function replay(policy: PlacementPolicy, arrivals: readonly Arrival[], clock: Clock): Replayed {
  const index = new DeviceIndex(cluster(), policy.bounds)
  const timesMs: number[] = []
  let peak = 0
  let limitMilliMax = 0
  for (const arrival of arrivals) {
    if (arrival.kind === 'end') {
      assert(index.release(arrival.holder), `${arrival.holder} held nothing`)
      continue
    }
    const { placement, ms } = placed(policy, index, arrival.demand, clock)
    assert(placement !== null, `${arrival.demand.holder} finds no room among ${index.devices.length} GPUs`)
    const heldAtMs = clock.monotonicMs()
    index.hold(arrival.demand, placement)
    timesMs.push(ms + clock.monotonicMs() - heldAtMs)
    peak = Math.max(peak, index.activeCount)
    if (policy !== exclusive)
      for (const device of index.devicesOf(arrival.demand.holder))
        limitMilliMax = Math.max(limitMilliMax, index.limitMilli(device))
  }
  return { peak, limitMilliMax, timesMs }
}

/** A policy is pure, so it is asked twice and the quicker answer counts: on a busy machine either may be interrupted. */
function placed(
  policy: PlacementPolicy,
  index: DeviceIndex,
  demand: Demand,
  clock: Clock,
): { readonly placement: Placement | null; readonly ms: number } {
  const beganAtMs = clock.monotonicMs()
  policy.place(index, demand)
  const againAtMs = clock.monotonicMs()
  const placement = policy.place(index, demand)
  return { placement, ms: Math.min(againAtMs - beganAtMs, clock.monotonicMs() - againAtMs) }
}

function cluster(): readonly IndexedDevice[] {
  const pad = (number: number): string => String(number).padStart(4, '0')
  return Array.from({ length: 1_000 }, (_, node) => node).flatMap((node) =>
    [0, 1, 2, 3].map((gpu) => ({ id: `${pad(node)}-${gpu}`, node: pad(node), memoryBytes: deviceMemoryBytes })),
  )
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
