// The same job twice in one run, on real processes: as planned by `least-cost`, and with every unit of both regions
// (`use-everything`). Two regions at the same price have data 2:1 and as many units each, so that one of them waits for the
// other: what it waits with is what a plan saves. A step is a sleep (see
// elastic/function/train.py), so units are as fast whoever else computes on this machine.
//
// `npm run bench -- elastic [RUNS [SECONDS]]`: so many pairs of runs (3), each of so many seconds of training (40).
// cost_ratio and time_ratio are medians over the pairs of runs; times are from the start of a job to its end, cost is metered.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Context } from '#cli/context.ts'
import { allPlans } from '#cli/history.ts'
import { startCluster } from '#cli/local-cluster/cluster.ts'
import { decodeJobFile, type JobFile } from '#cli/job-file.ts'
import { openOutput } from '#cli/output.ts'
import { prepareJob } from '#cli/prepare-job.ts'
import { findPython } from '#cli/python-environment.ts'
import { cloudlessHome } from '#cli/server-address.ts'
import { openServices, type Services } from '#cli/services.ts'
import { watchJob } from '#cli/watch-job.ts'
import { assert, present } from '#runtime/assert.ts'
import { seededRandom, systemRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

export const takesArguments = true

const [large, small] = ['aws/us-east-1', 'aws/us-west-2'] as const
const unitsPerRegion = 2
const batch = 16
const stepMs = 100
/** Of a unit. */
const samplesPerSecond = (1000 * batch) / stepMs
const values = 9

export async function run({ clock, note, args }: BenchOptions): Promise<BenchResult> {
  const repetitions = Number(args[0] ?? 3)
  const trainingSeconds = Number(args[1] ?? 40)
  const environment = process.env
  const home = cloudlessHome(environment)
  const { signal } = new AbortController()
  const stderr = { write: (data: string | Uint8Array): void => note(String(data).trimEnd()) }
  const output = openOutput({ stdout: stderr, stderr, clock, isJson: false, isQuiet: true, colours: false })
  const context: Context = { clock, random: systemRandom(), environment, output, signal, home, server: null }
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-bench-'))
  try {
    const regions = [large, small]
    const cluster = await startCluster({
      folder,
      regions,
      cpuUnits: unitsPerRegion,
      linkScale: 1,
      linkShape: { mbitPerSecond: 200, roundTripMs: 40 },
      python,
      environment,
      clock,
      signal,
      note,
    })
    try {
      using services = openServices(cluster.address, clock)
      const samples = Math.round(trainingSeconds * samplesPerSecond * unitsPerRegion)
      const bench: Bench = { context, services, folder }
      // Unpacks the bundle and warms the page cache.
      await trained(bench, 'use-everything', Math.round(samples / 20))
      const pairs: Pair[] = []
      for (let n = 0; n < repetitions; n++) {
        const planned = await trained(bench, 'least-cost', samples)
        const everything = await trained(bench, 'use-everything', samples)
        note(`planned ${text(planned)}, use-everything ${text(everything)}`)
        pairs.push({ planned, everything })
      }
      return {
        cost_ratio: median(pairs.map(({ planned, everything }) => planned.usd / everything.usd)),
        time_ratio: median(pairs.map(({ planned, everything }) => planned.seconds / everything.seconds)),
        planned_s: median(pairs.map(({ planned }) => planned.seconds)),
        use_everything_s: median(pairs.map(({ everything }) => everything.seconds)),
        planned_usd: median(pairs.map(({ planned }) => planned.usd)),
        use_everything_usd: median(pairs.map(({ everything }) => everything.usd)),
        units_planned: present(pairs[0], 'a pair of runs').planned.units,
        units_use_everything: present(pairs[0], 'a pair of runs').everything.units,
        runs: pairs.length,
      }
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Bench = {
  readonly context: Context
  readonly services: Services
  readonly folder: string
}

type Outcome = { readonly seconds: number; readonly usd: number; readonly units: number }
type Pair = { readonly planned: Outcome; readonly everything: Outcome }

/** `samples` of them in the larger shard. */
async function trained(bench: Bench, policy: string, samples: number): Promise<Outcome> {
  const { context, services } = bench
  const { clock, random, signal } = context
  const spec = await prepareJob(context, services, jobFile(bench.folder, policy, samples))
  const answer = await services.jobs.createJob({ spec, requestId: random.uuid() })
  const { id } = present(answer.job, 'created job')
  let [startedAtMs, endedAtMs] = [0, 0]
  const onAway = (why: string): void => context.output.note(why)
  for await (const job of watchJob({ jobs: services.jobs, id, clock, signal, onAway })) {
    assert(job.state !== 'JOB_STATE_FAILED', `job ${id} failed: ${job.reason}`)
    ;({ startedAtMs, endedAtMs } = job)
  }
  const plans = await allPlans(services.jobs, id, signal)
  const units = (plans.at(-1)?.partitions ?? []).flatMap(({ allocations }) => allocations.map((each) => each.units))
  return {
    seconds: (endedAtMs - startedAtMs) / 1000,
    usd: await costOf(bench, id),
    units: units.reduce((sum, each) => sum + each, 0),
  }
}

/** Once every agent has told its last use. */
async function costOf({ context, services }: Bench, jobId: string): Promise<number> {
  for (;;) {
    const { report } = await services.costs.getJobCost({ jobId }, { signal: context.signal })
    if (report?.isFinal === true) return report.totalUsd
    await context.clock.sleep(200, context.signal)
  }
}

function jobFile(folder: string, policy: string, samples: number): JobFile {
  const shards = [writeShard(folder, samples), writeShard(folder, Math.round(samples / 2))]
  const file = {
    name: `elastic-${policy}`,
    function: {
      folder: join(import.meta.dirname, 'elastic/function'),
      entrypoint: 'train.py',
      arguments: ['--step-ms', String(stepMs), '--batch', String(batch)],
    },
    data: {
      shards: [large, small].map((region, n) => ({ region, ...shards[n] })),
    },
    sync: { strategy: 'asgd-ga', interval: 8 },
    training: { epochs: 1, lease_samples: 4 * batch },
    resources: { device_models: ['cpu'], samples_per_second: { cpu: samplesPerSecond } },
    policy,
  }
  // JSON is YAML.
  return decodeJobFile(JSON.stringify(file), join(folder, 'job.yaml'))
}

function writeShard(folder: string, samples: number): { readonly uri: string; readonly samples: number } {
  const random = seededRandom(samples)
  const rows = new Float32Array(samples * values)
  for (let i = 0; i < rows.length; i++) rows[i] = i % values === values - 1 ? random.integer(4) : random.next() - 0.5
  const path = join(folder, `shard-${samples}.f32`)
  writeFileSync(path, new Uint8Array(rows.buffer))
  return { uri: pathToFileURL(path).href, samples }
}

function text({ seconds, usd, units }: Outcome): string {
  return `${seconds.toFixed(1)} s, $${usd.toFixed(5)} with ${units} units`
}

function median(all: readonly number[]): number {
  return present(all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)], 'a figure')
}
