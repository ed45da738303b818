// Pipelines end to end: four applications of recorded functions share four A100s of seven slices each (ParvaGPU's table), a job is
// eight images, and one policy after the other chooses configurations (bench/pipelines/policies.ts). Three settings, as ESG was measured
// in: the objective is 0.8, 1.0 or 1.2 times what the minimum configuration takes, and arrivals alone would keep 30, 60 or 80 % of the slices busy at the minimum.
//   SETTING_POLICY_hits         jobs in time, of those that came after the functions were loaded
//   SETTING_POLICY_usd_per_1k   what a thousand jobs cost, by slices held, transfers and cold starts included
//   esg_hits_least              the least over settings, as published; thrifty_hits_least: ours
// Sums over three seeds; a replay on virtual time, so the same every time.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { recordedFunctions } from './esg/functions.ts'
import { applicationsOf } from './pipelines/applications.ts'
import { policies } from './pipelines/policies.ts'
import { simulate } from './pipelines/simulate.ts'

const settings = [
  { name: 'strict', factor: 0.8, load: 0.3 },
  { name: 'moderate', factor: 1, load: 0.6 },
  { name: 'relaxed', factor: 1.2, load: 0.8 },
] as const
const seeds = [1, 2, 3]
const forMs = 60_000
/** One image alone is as slow on a whole GPU as on a seventh, so there would be nothing to choose. */
const imagesPerJob = 8
const batchMax = 16

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../shared/data/profiles')
  const file = join(folder, 'parvagpu_a100_mig.csv')
  if (!existsSync(file)) {
    note(`no ${file}: set CLOUDLESS_PROFILES to a folder with parvagpu_a100_mig.csv`)
    return { skipped: true }
  }
  const functions = recordedFunctions(file, 1).map(({ name, configurations }) => ({
    name,
    configurations: configurations.flatMap((one) => {
      const batch = one.batch / imagesPerJob
      return batch >= 1 && batch <= batchMax ? [{ ...one, batch, cost: one.cost * imagesPerJob }] : []
    }),
  }))
  const result: Record<string, number> = {}
  for (const { name, factor, load } of settings) {
    const applications = applicationsOf(functions, factor)
    for (const policy of policies()) {
      const outcomes = seeds.map((seed) => simulate(applications, policy, load, forMs, seededRandom(seed)))
      const jobs = outcomes.reduce((sum, one) => sum + one.jobs, 0)
      const hits = outcomes.reduce((sum, one) => sum + one.hits, 0) / jobs
      const usd = (1_000 * outcomes.reduce((sum, one) => sum + one.usdPerJob * one.jobs, 0)) / jobs
      const over = Math.max(...outcomes.map(({ p99Over }) => p99Over))
      note(
        `${name.padEnd(9)} ${policy.name.padEnd(8)} in time ${(100 * hits).toFixed(1)} %, ${usd.toFixed(4)} USD per 1,000 jobs, p99 ${over.toFixed(2)} of the objective, ${jobs} jobs`,
      )
      result[`${name}_${policy.name}_hits`] = hits
      result[`${name}_${policy.name}_usd_per_1k`] = usd
    }
  }
  const least = (policy: string): number => Math.min(...settings.map(({ name }) => result[`${name}_${policy}_hits`]!))
  return await Promise.resolve({ ...result, esg_hits_least: least('esg'), thrifty_hits_least: least('thrifty') })
}
