// From submitting a job to its first training step anywhere, on a machine where Python, packages and images are warm:
// three regions on this computer, one CPU unit each, the image example. And the start of the control plane itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareData } from '#cli/demo/data.ts'
import { demoJob } from '#cli/demo/demo-job.ts'
import type { Context } from '#cli/context.ts'
import { startCluster } from '#cli/local-cluster/cluster.ts'
import { openOutput } from '#cli/output.ts'
import { prepareJob } from '#cli/prepare-job.ts'
import { findPython } from '#cli/python-environment.ts'
import { cloudlessHome } from '#cli/server-address.ts'
import { openServices, type Services } from '#cli/services.ts'
import { watchJob } from '#cli/watch-job.ts'
import { assert, present } from '#runtime/assert.ts'
import { systemRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const repetitions = 3
const regions = ['onprem/lab', 'aws/us-east-1', 'tencent/ap-shanghai']

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const environment = process.env
  const home = cloudlessHome(environment)
  const { signal } = new AbortController()
  const stderr = { write: (data: string | Uint8Array): void => note(String(data).trimEnd()) }
  const output = openOutput({ stdout: stderr, stderr, clock, isJson: false, isQuiet: false, colours: false })
  const context: Context = { clock, random: systemRandom(), environment, output, signal, home, server: null }
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const data = await prepareData(context, python, { dataset: 'auto', split: [3, 2, 1], samples: 1200 })
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-bench-'))
  try {
    const quietly = { folder, regions, cpuUnits: 1, linkScale: 1, python, environment, clock, signal, note }
    const cluster = await startCluster(quietly)
    try {
      using services = openServices(cluster.address, clock)
      const file = demoJob({ regions, strategy: null, epochs: 1, data })
      const seconds: number[] = []
      // The first run warms the page cache and unpacks the bundle; it does not count.
      for (let i = 0; i <= repetitions; i++) {
        const taken = await submitToStep(context, services, file)
        note(`${i === 0 ? 'warming up' : `run ${i}`}: ${taken.toFixed(2)} s`)
        if (i > 0) seconds.push(taken)
      }
      const median = seconds.toSorted((a, b) => a - b)[Math.floor(repetitions / 2)]!
      return { submit_to_step_s: median, start_s: cluster.controlPlaneStartMs / 1000, submit_to_step_s_all: seconds }
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function submitToStep(context: Context, services: Services, file: ReturnType<typeof demoJob>): Promise<number> {
  const { clock, random, signal } = context
  const submittedAtMs = clock.now()
  const spec = await prepareJob(context, services, file)
  const answer = await services.jobs.createJob({ spec, requestId: random.uuid() })
  const { id } = present(answer.job, 'created job')
  let firstStepAtMs = 0
  // To the end, so that the next run finds the machine free.
  for await (const job of watchJob({
    jobs: services.jobs,
    id,
    clock,
    signal,
    onAway: (text) => context.output.note(text),
  })) {
    assert(job.state !== 'JOB_STATE_FAILED', `job ${id} failed: ${job.reason}`)
    if (firstStepAtMs === 0) firstStepAtMs = job.firstStepAtMs
  }
  assert(firstStepAtMs > 0, `job ${id} ended without a step`)
  return (firstStepAtMs - submittedAtMs) / 1000
}
