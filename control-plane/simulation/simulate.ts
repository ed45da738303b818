// A scenario on a catalogue becomes a report: one world per policy, each from the same seed. The same scenario, catalogue and
// seed always give the same report, to the last byte.
import type { JobSpec } from '#control-plane/model/job.ts'
import type { PolicyName } from '#proto/policies.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import type { Log } from '#runtime/log.ts'
import { arrivalsOf } from './arrivals.ts'
import { capacityOf } from './capacity.ts'
import { narrowCatalogue } from './narrow-catalogue.ts'
import { runReport } from './run-report.ts'
import type { Scenario } from './scenario-schema.ts'
import type { RunReport, SimulationReport } from './simulation-report.ts'
import { World, type Progress } from './world.ts'

export type SimulateOptions = {
  readonly scenario: Scenario
  readonly catalogue: Catalogue
  readonly seed: number
  readonly log: Log
  /** The content of a file that the scenario names. */
  readonly readText: (name: string) => string
  /** Of the job files that the scenario names. */
  readonly specs?: ReadonlyMap<string, JobSpec>
  readonly onProgress: (policy: PolicyName, progress: Progress, arrivals: number) => void
}

export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { scenario, seed, readText, log, onProgress, specs = new Map() } = options
  const catalogue = narrowCatalogue(options.catalogue, scenario)
  const pools = capacityOf(scenario, catalogue, seed, readText)
  const arrivals = arrivalsOf(scenario, seed, readText)
  const runs: RunReport[] = []
  for (const policy of scenario.policies) {
    const world = new World({
      scenario,
      catalogue,
      pools,
      arrivals,
      specs,
      policy,
      seed,
      log,
      onProgress: (progress) => onProgress(policy, progress, arrivals.length),
    })
    await world.run()
    runs.push(await runReport(world, policy))
    world.store.close()
  }
  return {
    name: scenario.name,
    seed,
    catalogVersion: options.catalogue.version,
    catalogHash: options.catalogue.hash,
    regions: new Set(pools.map(({ region }) => region)).size,
    units: pools.reduce((sum, { units }) => sum + units, 0),
    arrivals: arrivals.length,
    lengthSeconds: scenario.length,
    runs,
  }
}
