// What a plan will take and cost.
//   compute seconds of region r = epochs / load power of r
//   rounds of r = steps / interval; each sends one update to every other region, and there are two more exchanges of
//   the whole model: the first parameters out of the lowest region, and the final average.
//   one transfer = round trip + bytes / bandwidth, with the links taken as independent of each other.
// Where regions do not wait for each other the wire overlaps with compute and only bounds it (the larger counts); in
// synchronous model averaging it adds. Units are paid in every region until the last one ends.
// Without a measured model size nothing is known of the wire: then seconds are compute only, bytes and egress are 0.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, ModelSize, Partition } from '#control-plane/model/plan.ts'

export type ForecastInput = {
  readonly spec: JobSpec
  readonly partitions: readonly Partition[]
  readonly index: CatalogueIndex
  readonly modelSize: ModelSize | null
  readonly throughputSource: Forecast['throughputSource']
}

export function forecast(input: ForecastInput): Forecast {
  const wire = wireOf(input)
  const seconds =
    wire.lastSeconds + Math.max(0, ...input.partitions.map((partition) => trainingSeconds(input, wire, partition)))
  const computeUsd = (usdPerHour(input.partitions) * seconds) / 3600
  return {
    seconds,
    computeUsd,
    egressUsd: wire.egressUsd,
    totalUsd: computeUsd + wire.egressUsd,
    wanBytes: Math.round(wire.bytes),
    throughputSource: input.throughputSource,
  }
}

export function usdPerHour(partitions: readonly Partition[]): number {
  let sum = 0
  for (const { allocations } of partitions)
    for (const { units, usdPerUnitHour } of allocations) sum += units * usdPerUnitHour
  return sum
}

type Wire = {
  readonly bytes: number
  readonly egressUsd: number
  /** Wire time that each region's rounds take. */
  readonly roundSeconds: ReadonlyMap<string, number>
  /** First parameters out and final average: nothing overlaps with these. */
  readonly lastSeconds: number
}

function trainingSeconds(input: ForecastInput, wire: Wire, partition: Partition): number {
  const compute = input.spec.training.epochs / partition.loadPower
  const rounds = wire.roundSeconds.get(partition.region) ?? 0
  return waitsForPeers(input.spec) ? compute + rounds : Math.max(compute, rounds)
}

function waitsForPeers({ sync }: JobSpec): boolean {
  return sync.strategy === 'model-averaging' && sync.mode === 'synchronous'
}

function wireOf(input: ForecastInput): Wire {
  const { spec, partitions, index, modelSize } = input
  let bytes = 0
  let egressUsd = 0
  let firstSeconds = 0
  let finalSeconds = 0
  const roundSeconds = new Map<string, number>()
  if (modelSize === null) return { bytes, egressUsd, roundSeconds, lastSeconds: 0 }
  const root = partitions[0]?.region
  for (const { region, samples } of partitions) {
    const rounds = roundsOf(spec, samples, modelSize)
    let slowest = 0
    for (const peer of partitions) {
      const link = peer.region === region ? null : index.link(region, peer.region)
      if (link === null) continue
      const transferSeconds = link.roundTripMs / 1000 + (modelSize.updateBytes * 8) / (link.mbitPerSecond * 1e6)
      const sent = (rounds + 1 + (region === root ? 1 : 0)) * modelSize.updateBytes
      bytes += sent
      egressUsd += (sent / 1e9) * link.egressUsdPerGb
      slowest = Math.max(slowest, transferSeconds)
    }
    roundSeconds.set(region, rounds * slowest)
    if (region === root) firstSeconds = slowest
    finalSeconds = Math.max(finalSeconds, slowest)
  }
  return { bytes, egressUsd, roundSeconds, lastSeconds: firstSeconds + finalSeconds }
}

/** The last, shorter interval is sent too. */
function roundsOf(spec: JobSpec, samples: number, modelSize: ModelSize): number {
  const steps = Math.ceil((spec.training.epochs * samples) / modelSize.samplesPerStep)
  const interval = spec.sync.strategy === 'asgd' ? 1 : Math.max(1, spec.sync.interval)
  return Math.ceil(steps / interval)
}
