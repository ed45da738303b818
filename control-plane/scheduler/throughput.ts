// Samples per second of one unit of each device model for one job: what the job declares, else what earlier runs of the
// function measured, else an estimate from the catalogue's relative speeds. The estimate is scaled to a known figure
// of the same job where there is one, so that mixed sources stay comparable. Where a unit is a share of a GPU, figures are of such
// shares; one of whole GPUs, or the estimate, counts in proportion to what the share is guaranteed.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { partOfWhole, shareOn, unitName } from '#control-plane/model/gpu-share.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast } from '#control-plane/model/plan.ts'
import { throughputKey } from '#control-plane/model/snapshot.ts'
import { nominalCpuSamplesPerSecond } from './config.ts'

export type ThroughputSource = Forecast['throughputSource']

export type Throughput = { readonly samplesPerSecond: number; readonly source: ThroughputSource }

/** Null for a model about which nothing is known. */
export type ThroughputOf = (deviceModel: string) => Throughput | null

export function throughputFor(
  spec: JobSpec,
  measured: ReadonlyMap<string, number>,
  index: CatalogueIndex,
): ThroughputOf {
  const { samplesPerSecond, gpuShare } = spec.resources
  const seenOf = (unit: string): number | null => {
    const seen = measured.get(throughputKey(spec.function.bundleDigest, unit))
    return seen !== undefined && isUsable(seen) ? seen : null
  }
  const known = (deviceModel: string): Throughput | null => {
    const declared = samplesPerSecond[deviceModel]
    if (declared !== undefined && isUsable(declared)) return { samplesPerSecond: declared, source: 'declared' }
    const seen = seenOf(unitName(deviceModel, shareOn(deviceModel, gpuShare)))
    return seen === null ? null : { samplesPerSecond: seen, source: 'measured' }
  }
  const partOf = (deviceModel: string): number => partOfWhole(shareOn(deviceModel, gpuShare))
  const relativeSpeed = (deviceModel: string): number | null => {
    const speed = index.relativeSpeed(deviceModel)
    return speed === null || !isUsable(speed) ? null : speed * partOf(deviceModel)
  }
  const cpuSamplesPerSecond = cpuFigure(index, known, relativeSpeed)
  return (deviceModel) => {
    const found = known(deviceModel)
    if (found !== null) return found
    const whole = seenOf(deviceModel)
    if (whole !== null) return { samplesPerSecond: whole * partOf(deviceModel), source: 'nominal' }
    const speed = relativeSpeed(deviceModel)
    return speed === null ? null : { samplesPerSecond: speed * cpuSamplesPerSecond, source: 'nominal' }
  }
}

/** What one "cpu" unit makes of this job, from the first device model (by name) with a known figure. */
function cpuFigure(
  index: CatalogueIndex,
  known: ThroughputOf,
  relativeSpeed: (deviceModel: string) => number | null,
): number {
  const models = index.catalogue.deviceModels.map(({ name }) => name).sort()
  for (const source of ['declared', 'measured'] as const) {
    for (const model of models) {
      const found = known(model)
      const speed = relativeSpeed(model)
      if (found?.source === source && speed !== null) return found.samplesPerSecond / speed
    }
  }
  return nominalCpuSamplesPerSecond
}

/** The weaker of the sources: a plan is only as well founded as its least known device. */
export function weakestSource(sources: readonly ThroughputSource[]): ThroughputSource {
  if (sources.includes('nominal')) return 'nominal'
  return sources.includes('measured') ? 'measured' : 'declared'
}

function isUsable(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
