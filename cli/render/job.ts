// A job as a person reads it: one block for `status`, one row for `jobs`. Pure: message in, text out.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { JobState__Output } from '#proto/generated/cloudless/v1/JobState.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import { idleMsUntil, withoutIdle } from '../job-time.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { renderFacts } from './facts.ts'
import { planFacts } from './plan-in-force.ts'
import { renderSync } from './sync.ts'
import {
  formatBytes,
  formatCount,
  formatFigure,
  formatPercent,
  formatSeconds,
  formatTime,
  formatUsd,
} from '../units.ts'

export function renderJob(job: Job__Output, style: Style, nowMs: number, columns: number): string {
  const { progress } = job
  const lines = [
    `${style.bold(job.spec?.name ?? '')} ${style.dim(job.id)}  ${renderStanding(job, style)}${job.reason === '' ? '' : `: ${job.reason}`}`,
  ]
  if (progress !== null) {
    lines.push(
      `  samples ${formatCount(progress.samplesDone)} of ${formatCount(progress.samplesTotal)} (${formatPercent(progress.fraction)}${leftText(job)})` +
        `   loss ${formatFigure(progress.loss)}   ${evaluationText(progress.evaluation)}`.trimEnd(),
      `  rounds ${formatCount(progress.rounds)}   WAN ${formatBytes(progress.wanBytes)}` +
        `   cost so far ${formatUsd(job.costUsd)}   ${elapsed(job, nowMs)}`,
    )
    if (job.resumableUntilMs > 0) {
      lines.push(
        `  stopped at ${standText(job)}; ${resumableText(job.resumableUntilMs)}: \`cloudless resume ${job.id}\` goes on`,
      )
    }
    if (progress.partitions.length > 0) lines.push('', renderPartitions(progress.partitions, style))
    const facts = planFacts(job)
    if (facts.length > 0) lines.push('', renderFacts(facts, style, columns))
    const sync = renderSync(progress, job.spec?.sync ?? null, style, columns)
    if (sync !== '') lines.push('', sync)
  }
  return lines.join('\n')
}

function renderPartitions(partitions: readonly PartitionProgress__Output[], style: Style): string {
  return renderTable(
    [
      { head: 'region' },
      { head: 'phase' },
      { head: 'workers', align: 'right' },
      { head: 'epoch', align: 'right' },
      { head: 'samples', align: 'right' },
      { head: 'samples/s', align: 'right' },
      { head: 'loss', align: 'right' },
    ],
    partitions.map((partition) => [
      partition.region,
      enumWord(partition.phase),
      formatCount(partition.workers),
      partition.epoch.toFixed(2),
      formatPercent(partition.samplesTotal > 0 ? partition.samplesDone / partition.samplesTotal : 0),
      partition.samplesPerSecond > 0 ? formatCount(partition.samplesPerSecond) : '-',
      partition.steps > 0 ? formatFigure(partition.loss) : '-',
    ]),
    style,
  )
}

/** One line for logs and pipes, where redrawing makes no sense. */
export function renderJobLine(job: Job__Output): string {
  const { progress } = job
  if (progress === null || progress.samplesTotal === 0) {
    return `${enumWord(job.state)}${job.reason === '' ? '' : `: ${job.reason}`}`
  }
  const parts = [
    [enumWord(job.state), withoutRegionsText(job)].filter((part) => part !== '').join(' '),
    formatPercent(progress.fraction),
    `loss ${formatFigure(progress.loss)}`,
    evaluationText(progress.evaluation),
    `rounds ${formatCount(progress.rounds)}`,
    `WAN ${formatBytes(progress.wanBytes)}`,
    formatUsd(job.costUsd),
  ]
  return parts.filter((part) => part !== '').join('  ')
}

export function renderJobs(jobs: readonly Job__Output[], style: Style): string {
  if (jobs.length === 0) return 'no jobs'
  return renderTable(
    [
      { head: 'id' },
      { head: 'name' },
      { head: 'state' },
      { head: 'done', align: 'right' },
      { head: 'cost', align: 'right' },
      { head: 'created' },
      { head: 'reason' },
    ],
    jobs.map((job) => [
      job.id,
      job.spec?.name ?? '',
      renderStanding(job, style),
      formatPercent(job.progress?.fraction ?? 0),
      formatUsd(job.costUsd),
      formatTime(job.createdAtMs),
      job.reason,
    ]),
    style,
  )
}

/** The state, and what it leaves out: a success without a region's data is none to overlook. */
function renderStanding(job: Job__Output, style: Style): string {
  const without = withoutRegionsText(job)
  if (without === '') return renderState(job.state, style)
  return style.yellow(`${enumWord(job.state)} ${without}`)
}

/** Empty where the job has all of its regions. */
function withoutRegionsText({ prunedRegions, spec, plan }: Job__Output): string {
  if (prunedRegions.length === 0) return ''
  const shards = spec?.shards ?? []
  // A partition may train on other regions' data.
  const dataOf = new Map((plan?.partitions ?? []).map(({ region, dataRegions }) => [region, dataRegions]))
  const lostData = new Set(prunedRegions.flatMap((region) => dataOf.get(region) ?? [region]))
  const all = shards.reduce((total, { samples }) => total + samples, 0)
  const lost = shards.reduce((total, { region, samples }) => total + (lostData.has(region) ? samples : 0), 0)
  const share = all === 0 ? '' : ` (${formatPercent(lost / all)} of the data)`
  return `without ${prunedRegions.join(', ')}${share}`
}

function renderState(state: JobState__Output, style: Style): string {
  const plain = (text: string): string => text
  const colours: Readonly<Record<JobState__Output, (text: string) => string>> = {
    JOB_STATE_UNSPECIFIED: plain,
    JOB_STATE_PENDING: plain,
    JOB_STATE_STARTING: plain,
    JOB_STATE_RUNNING: style.cyan,
    JOB_STATE_FINISHING: style.cyan,
    JOB_STATE_CANCELLING: style.yellow,
    JOB_STATE_SUCCEEDED: style.green,
    JOB_STATE_FAILED: style.red,
    JOB_STATE_CANCELLED: style.yellow,
  }
  return colours[state](enumWord(state))
}

export function evaluationText(evaluation: Readonly<Record<string, number>>): string {
  return Object.entries(evaluation)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${formatFigure(value)}`)
    .join('   ')
}

/** Of the samples, at the regions' present speeds; empty while one of them has none. */
function leftText({ state, progress }: Job__Output): string {
  if (state !== 'JOB_STATE_RUNNING') return ''
  const left = (progress?.partitions ?? [])
    .filter(({ samplesDone, samplesTotal }) => samplesDone < samplesTotal)
    .map(({ samplesDone, samplesTotal, samplesPerSecond }) => (samplesTotal - samplesDone) / samplesPerSecond)
  const slowest = Math.max(...left)
  return Number.isFinite(slowest) ? `, about ${formatSeconds(slowest)} left` : ''
}

/** How far it has come, as its regions told last. */
export function standText({ progress }: Pick<Job__Output, 'progress'>): string {
  if (progress === null || progress.samplesDone === 0) return 'the beginning'
  const round = Math.max(0, ...progress.partitions.map(({ sync }) => sync?.committedRound ?? 0))
  const samples = `${formatPercent(progress.fraction)} of the samples`
  return round === 0 ? samples : `round ${formatCount(round)}, ${samples}`
}

/** Empty of a job that cannot be resumed. */
export function resumableText(untilMs: number): string {
  return untilMs === 0 ? '' : `checkpoints kept until ${formatTime(untilMs)}`
}

/** Empty of a job that was never resumed. */
export function resumedText(resumptions: number, idleSeconds: number): string {
  return resumptions === 0 ? '' : `resumed ${formatCount(resumptions)} x, ${formatSeconds(idleSeconds)} idle`
}

function elapsed(job: Job__Output, nowMs: number): string {
  if (job.startedAtMs === 0) return ''
  const endMs = job.endedAtMs > 0 ? job.endedAtMs : nowMs
  const resumed = resumedText(job.resumptions, idleMsUntil(job, endMs) / 1000)
  const own = formatSeconds((withoutIdle(job, endMs) - job.startedAtMs) / 1000)
  return resumed === '' ? own : `${own}   ${resumed}`
}
