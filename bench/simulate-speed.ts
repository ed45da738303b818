// A week of 10,000 jobs on 20,000 GPUs in 71 regions, simulated: the real control loop, scheduler, reconciler and ledger on
// virtual time. The links are the bundled catalogue's, and so are prices where it has them; a region without a GPU price gets
// the median of all others, because a price list is not what is measured here.
import { loadCatalogue } from '#regions/load-catalogue.ts'
import type { Catalogue, CatalogueRegion, Price } from '#regions/catalogue.ts'
import { scenarioSchema, type Scenario } from '#control-plane/simulation/scenario-schema.ts'
import { simulate } from '#control-plane/simulation/simulate.ts'
import { silentLog } from '#runtime/log.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

/** `npm run bench -- simulate-speed [JOBS]`: fewer jobs come in as much less time. */
export const takesArguments = true

const regionsMax = 71
const week = 7 * 86_400
const devices = { 'nvidia-t4': 7_000, 'nvidia-v100': 4_000, 'nvidia-a10g': 4_000, 'nvidia-a100': 3_000 } as const
const spotUnits = 2_000

export async function run({ clock, args, note }: BenchOptions): Promise<BenchResult> {
  const jobs = Number(args[0] ?? 10_000)
  if (!(Number.isSafeInteger(jobs) && jobs > 0)) throw new Error(`${args[0]} is no number of jobs`)
  const catalogue = withAllPrices(await loadCatalogue())
  const startMs = clock.monotonicMs()
  const cpuBefore = process.cpuUsage()
  let rssBytes = 0
  let saidAtMs = startMs
  const report = await simulate({
    scenario: aWeek(
      jobs,
      catalogue.regions.map(({ name }) => name),
    ),
    catalogue,
    seed: 1,
    log: silentLog,
    readText: (name) => {
      throw new Error(`${name} is not to be read`)
    },
    onProgress: (_, { virtualSeconds, arrived, ended }) => {
      rssBytes = Math.max(rssBytes, process.memoryUsage.rss())
      if (clock.monotonicMs() - saidAtMs < 5_000) return
      saidAtMs = clock.monotonicMs()
      const seconds = ((saidAtMs - startMs) / 1000).toFixed(0)
      note(`${seconds} s: day ${(virtualSeconds / 86_400).toFixed(2)}, ${arrived} arrived, ${ended} ended`)
    },
  })
  const [result] = report.runs
  if (result === undefined) throw new Error('no policy was run')
  const cpu = process.cpuUsage(cpuBefore)
  const ended = result.jobs.byState['succeeded'] ?? 0
  return {
    wall_s: (clock.monotonicMs() - startMs) / 1000,
    cpu_s: cpu.user / 1e6 + cpu.system / 1e6,
    rss_mib: Math.max(rssBytes, process.memoryUsage.rss()) / 2 ** 20,
    jobs,
    regions: report.regions,
    units: report.units,
    virtual_days: result.makespanSeconds / 86_400,
    jobs_ended_well: ended,
    utilisation: result.utilisation.share,
    ledger_entries: result.cost.entries,
    cost_usd: result.cost.totalUsd,
  }
}

export function aWeek(jobs: number, regions: readonly string[]): Scenario {
  const speeds = { 'nvidia-t4': 100, 'nvidia-v100': 280, 'nvidia-a10g': 190, 'nvidia-a100': 480 }
  const kind = { samples_per_second: speeds, markets: ['on-demand', 'spot'], devices: Object.keys(devices) }
  const units = Object.entries(devices).map(([device, total]) => ({ regions: ['*'], device, total_units: total }))
  const spot = { regions: ['aws/*'], device: 'nvidia-t4', market: 'spot', total_units: spotUnits }
  return scenarioSchema.parse({
    name: 'a week',
    length: `${(week * jobs) / 10_000 / 3600}h`,
    regions,
    capacity: [...units, { ...spot, availability: { losses_per_hour: 0.005 } }],
    arrivals: { kind: 'poisson', jobs },
    jobs: [
      { ...kind, name: 'one-region', weight: 5, device_hours: [20, 800], workers_max_per_region: 24 },
      { ...kind, name: 'three-regions', weight: 4, data_regions: [2, 4], device_hours: [40, 1_800], model: '400MB' },
      {
        ...kind,
        name: 'may-move',
        weight: 1,
        data_regions: [1, 2],
        device_hours: [40, 1_800],
        bytes_per_sample: '1kB',
        may_move_to: ['aws/us-*', 'gcp/us-*'],
      },
    ],
    agents: { report: '3h', meter: '6h' },
    control: { step: '1m', tick: '10m', replan: '1h' },
  })
}

/** Of its first 71 regions, each of which sells every device of the fleet. */
export function withAllPrices(catalogue: Catalogue): Catalogue {
  const medians = Object.keys(devices).map((device) => medianPrice(catalogue, device))
  const regions = catalogue.regions.slice(0, regionsMax).map((region): CatalogueRegion => {
    const missing = medians.filter(({ deviceModel }) => !sells(region, deviceModel))
    return { ...region, prices: [...region.prices, ...missing] }
  })
  return { ...catalogue, regions }
}

function sells({ prices }: CatalogueRegion, device: string): boolean {
  return prices.some(({ deviceModel, market }) => deviceModel === device && market === 'on-demand')
}

function medianPrice({ regions }: Catalogue, device: string): Price {
  const prices = regions
    .flatMap((region) => region.prices)
    .filter(({ deviceModel, market }) => deviceModel === device && market === 'on-demand')
    .toSorted((a, b) => a.usdPerUnitHour - b.usdPerUnitHour)
  const median = prices[Math.floor(prices.length / 2)]
  if (median === undefined) throw new Error(`the catalogue has no price of ${device}`)
  return { ...median, instanceType: '', zone: '' }
}
