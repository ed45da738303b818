// What may be said of a run in one sentence. A run that left out data is never just a success: the share is named first.
import { hasEnded } from '../watch-job.ts'
import { enumWord } from '../json.ts'
import { formatFigure, formatPercent } from '../units.ts'
import type { JobHistory } from './job-history.ts'
import type { RegionReport } from './regions.ts'

export type Verdict = {
  /** `partial`: it ended well on a part of the data, or on replicas that differ. */
  readonly kind: 'whole' | 'partial' | 'failed' | 'running'
  readonly text: string
  /** What qualifies it, each a sentence; empty when nothing does. */
  readonly notes: readonly string[]
  /** Share of the job's samples, over all epochs, that was never used. */
  readonly unusedDataShare: number
  /** Mean over the rounds of the share of the data that took no part in them. */
  readonly excludedDataShare: number
}

export function judge(history: JobHistory, regions: readonly RegionReport[]): Verdict {
  const { job } = history
  const excludedDataShare = Math.max(0, ...(job.progress?.roundTotals ?? []).map((totals) => totals.excludedDataShare))
  const unusedDataShare = unusedShare(regions)
  const shares = { unusedDataShare, excludedDataShare }
  const absence = absenceNotes(regions, excludedDataShare)
  const pruned = prunedNotes(regions)
  if (!hasEnded(job)) {
    const text = `${enumWord(job.state)}: ${formatPercent(job.progress?.fraction ?? 0)} of the samples used so far`
    return { kind: 'running', text, notes: [...pruned, ...absence], ...shares }
  }
  if (job.state !== 'JOB_STATE_SUCCEEDED') {
    const text = `${enumWord(job.state)}${job.reason === '' ? '' : `: ${job.reason}`}`
    return { kind: 'failed', text, notes: [...unusedNotes(regions), ...pruned, ...absence], ...shares }
  }
  const target = targetReached(history)
  const models = modelNotes(regions)
  const unused = target === null ? unusedNotes(regions) : []
  const isPartial = pruned.length + models.length + unused.length > 0
  const where = `${regions.length} ${regions.length === 1 ? 'region' : 'regions'}`
  const whole = target === null ? `trained on all data of ${where}` : `${target}, in ${where}`
  // With a target reached the rest of the epochs was not needed; data of a pruned region was, and is named.
  const missing = target === null ? unusedDataShare : prunedShare(regions)
  const partial =
    missing > 0 ? `finished without ${formatPercent(missing)} of the data` : 'finished, but not as one model everywhere'
  return {
    kind: isPartial ? 'partial' : 'whole',
    text: isPartial ? partial : whole,
    notes: [...pruned, ...unused, ...models, ...absence],
    ...shares,
  }
}

function unusedShare(regions: readonly RegionReport[]): number {
  const total = regions.reduce((all, { samplesTotal }) => all + samplesTotal, 0)
  const done = regions.reduce((all, { samplesDone, samplesTotal }) => all + Math.min(samplesDone, samplesTotal), 0)
  return total === 0 ? 0 : 1 - done / total
}

function prunedShare(regions: readonly RegionReport[]): number {
  return regions.filter(({ isPruned }) => isPruned).reduce((all, { dataShare }) => all + dataShare, 0)
}

function targetReached({ job }: JobHistory): string | null {
  const target = job.spec?.training?.target ?? null
  if (target === null) return null
  const reached = job.progress?.evaluation[target.metric]
  if (reached === undefined || reached < target.atLeast) return null
  return `reached its target ${target.metric} ${formatFigure(target.atLeast)} (${formatFigure(reached)})`
}

function prunedNotes(regions: readonly RegionReport[]): readonly string[] {
  return regions
    .filter(({ isPruned }) => isPruned)
    .map(({ region, dataShare }) => `${region} was given up, with ${formatPercent(dataShare)} of the data`)
}

function unusedNotes(regions: readonly RegionReport[]): readonly string[] {
  return regions
    .filter(({ samplesDone, samplesTotal, isPruned }) => samplesDone < samplesTotal && !isPruned)
    .map(({ region, samplesDone, samplesTotal }) => {
      return `${region} used ${formatPercent(samplesDone / samplesTotal)} of its samples`
    })
}

function modelNotes(regions: readonly RegionReport[]): readonly string[] {
  const inJob = regions.filter(({ isPruned, samplesTotal }) => !isPruned && samplesTotal > 0)
  const silent = inJob.filter(({ modelHash }) => modelHash === '').map(({ region }) => region)
  const hashes = new Set(inJob.map(({ modelHash }) => modelHash).filter((hash) => hash !== ''))
  return [
    ...(hashes.size > 1 ? [`the regions ended with ${hashes.size} different models`] : []),
    ...(silent.length > 0 ? [`${silent.join(', ')} told no final model`] : []),
  ]
}

function absenceNotes(regions: readonly RegionReport[], excluded: number): readonly string[] {
  const away = regions.filter(({ absentRounds }) => absentRounds > 0)
  if (away.length === 0) return []
  const of = Math.max(...regions.map(({ rounds }) => rounds))
  const each = away.map(({ region, absentRounds, absences }) => {
    const named = absences.filter(({ why }) => why !== '')
    const reasons = named.map(({ why, rounds }) => (named.length === 1 ? why : `${rounds}: ${why}`)).join('; ')
    return `${region} took no part in ${absentRounds} of ${of} rounds${reasons === '' ? '' : ` (${reasons})`}`
  })
  return [...each, `on average ${formatPercent(excluded)} of the data took no part in a round`]
}
