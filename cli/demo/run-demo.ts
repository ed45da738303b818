// One model, three regions, one command: sets up what is missing, runs a cluster on this computer, trains, reports, and
// takes everything down again, also when interrupted or failing.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import { throwIfInterrupted, type Context } from '../context.ts'
import { startCluster, type Cluster } from '../local-cluster/cluster.ts'
import { prepareJob } from '../prepare-job.ts'
import { findPython } from '../python-environment.ts'
import { openServices, type Services } from '../services.ts'
import { formatCount } from '../units.ts'
import { removeStaleDemos, demoFolderPrefix } from './stale-demos.ts'
import { prepareData, type DataOptions, type PreparedData } from './data.ts'
import { demoJob } from './demo-job.ts'
import { demoResult, type DemoResult } from './result.ts'
import { showTraining } from './show-training.ts'

export type DemoOptions = {
  readonly regions: readonly string[]
  readonly strategy: string | null
  readonly cpuUnits: number
  readonly linkScale: number
  readonly epochs: number | null
  readonly dataset: DataOptions['dataset']
  readonly samples: number | null
}

export async function runDemo(context: Context, options: DemoOptions): Promise<DemoResult> {
  const { clock, environment, home, output, signal } = context
  const note = (text: string): void => output.note(text)
  const { python, source, modules } = await findPython({ environment, home, withTests: false, clock, signal, note })
  note(`Python: ${python} (${source}), torch ${modules['torch'] ?? ''}`)
  const split = options.regions.map((_, index) => options.regions.length - index)
  const data = await prepareData(context, python, { dataset: options.dataset, split, samples: options.samples })
  describeData(note, data, options.regions)
  throwIfInterrupted(signal)
  await removeStaleDemos(clock, note)
  const folder = mkdtempSync(join(tmpdir(), demoFolderPrefix))
  try {
    const { regions, cpuUnits, linkScale } = options
    const cluster = await startCluster({
      folder,
      regions,
      cpuUnits,
      linkScale,
      python,
      environment,
      clock,
      signal,
      note,
    })
    try {
      return await train(context, options, cluster, data)
    } finally {
      note('stopping the cluster')
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function train(
  context: Context,
  options: DemoOptions,
  cluster: Cluster,
  data: PreparedData,
): Promise<DemoResult> {
  const { clock, random, output, signal } = context
  using services = openServices(cluster.address, clock)
  const file = demoJob({ ...options, data })
  const spec = await prepareJob(context, services, file)
  const answer = await services.jobs.createJob({ spec, requestId: random.uuid() }, { signal })
  const created = present(answer.job, 'job in the answer to CreateJob')
  output.note(`job ${created.id}: ${spec.sync?.strategy}, ${options.regions.length} regions`)
  const shown = showTraining(context, services.jobs, created.id)
  const job = await Promise.race([shown, cluster.failed.then((text) => Promise.reject(clusterFailed(text)))])
  throwIfInterrupted(signal)
  if (job.state !== 'JOB_STATE_SUCCEEDED') {
    await showLogs(context, services, job)
    throw new CloudlessError(
      'internal',
      'DEMO_FAILED',
      `the job ended ${job.state.replace('JOB_STATE_', '').toLowerCase()}: ${job.reason}`,
    )
  }
  return demoResult(job, await finalReport(context, services, job.id), data.dataset)
}

/** The last metered seconds arrive shortly after the job's end. */
async function finalReport(context: Context, services: Services, jobId: string): Promise<CostReport__Output> {
  const { clock, signal } = context
  const untilMs = clock.monotonicMs() + waits.processStopMs
  for (;;) {
    const report = present((await services.costs.getJobCost({ jobId }, { signal })).report, 'cost report')
    if (report.isFinal || clock.monotonicMs() > untilMs) return report
    await clock.sleep(waits.pollMs, signal)
    throwIfInterrupted(signal)
  }
}

/** The folder with the logs is about to go, so what a failed job printed is shown now. */
async function showLogs(context: Context, services: Services, job: Job__Output): Promise<void> {
  const { output, signal } = context
  try {
    const request = { jobId: job.id, tailLines: 15 }
    for await (const { instanceId, data } of services.jobs.streamLogs(request, {
      signal,
      deadlineMs: waits.unaryDeadlineMs,
    })) {
      output.note(`--- ${instanceId}\n${Buffer.from(data).toString('utf8').trimEnd()}`)
    }
  } catch (error) {
    output.note(`the logs could not be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function describeData(note: (text: string) => void, data: PreparedData, regions: readonly string[]): void {
  const parts = regions.map((region, index) => `${region} ${formatCount(data.shards[index]?.samples ?? 0)}`)
  const name = data.dataset === 'digits' ? "scikit-learn's handwritten digits" : 'Fashion-MNIST'
  note(`images: ${name}; ${parts.join(', ')}; ${formatCount(data.holdout.samples)} held out`)
}

function clusterFailed(text: string): CloudlessError {
  return new CloudlessError('unavailable', 'CLUSTER_FAILED', text)
}
