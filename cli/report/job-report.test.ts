import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import { renderJob } from '../render/job.ts'
import { renderReport } from '../render/report.ts'
import { aHistory, aJob, overTheWire, someRounds, startMs } from './a-history.fixture.ts'
import { reportConfig } from './config.ts'
import { renderPage } from './page/page.ts'
import { thin } from './curves.ts'
import { jobReport } from './job-report.ts'

const plain = pc.createColors(false)
const last = 'tencent/ap-shanghai'

/** The trained job with one region's progress changed. */
function withRegion(region: string, change: Partial<PartitionProgress__Output>) {
  const { progress } = aJob()
  const partitions = progress!.partitions.map((each) => (each.region === region ? { ...each, ...change } : each))
  return { progress: { ...progress, partitions } }
}

const pruned = overTheWire<InstanceEvent__Output>('InstanceEvent', {
  jobId: 'j-4k2m9x7p',
  instanceId: `j-4k2m9x7p/${last}`,
  kind: 'pruned',
  text: `region ${last} was lost for too long`,
  atMs: startMs + 90_000,
})

describe('the verdict', () => {
  test('on all data is whole, and still says who missed rounds and what share of the data that was', () => {
    const { verdict } = jobReport(aHistory())
    expect(verdict).toMatchObject({ kind: 'whole', text: 'trained on all data of 3 regions', unusedDataShare: 0 })
    expect(verdict.notes).toEqual([
      `${last} took no part in 7 of 40 rounds (no word for 12.0 s, grace ended)`,
      'on average 2.9 % of the data took no part in a round',
    ])
    expect(verdict.excludedDataShare).toBeCloseTo(7 / 40 / 6)
  })

  test('tells every reason of absence with its rounds; reasons that differ only in numbers are one', () => {
    const why = (round: number): string => (round < 20 ? `silent for ${round}.5 s` : 'late')
    const rounds = someRounds().map((round) =>
      round.absent[last] === undefined ? round : { ...round, absent: { [last]: why(round.round) } },
    )
    const { verdict, happenings } = jobReport(aHistory({}, { rounds }))
    expect(verdict.notes[0]).toBe(`${last} took no part in 7 of 40 rounds (4: silent for 19.5 s; 3: late)`)
    expect(happenings.filter(({ kind }) => kind === 'absent').map(({ text }) => text)).toEqual([
      'took no part in rounds 16-19: silent for 19.5 s',
      'took no part in rounds 20-22: late',
    ])
  })

  test('on a silent subset is never a success: a region given up, its data named first', () => {
    const job = withRegion(last, { samplesDone: 5_000, modelHash: '', phase: 'PARTITION_PHASE_FAILED' })
    const given = { ...job, prunedRegions: [last] }
    const { verdict, regions } = jobReport(aHistory(given, { events: [pruned] }))
    expect(verdict.kind).toBe('partial')
    expect(verdict.text).toBe('finished without 13 % of the data')
    expect(verdict.notes[0]).toBe(`${last} was given up, with 17 % of the data`)
    expect(regions[2]).toMatchObject({ isPruned: true, region: last })
    expect(renderPage(jobReport(aHistory(given)), [], { style: '', scripts: [] })).toContain(
      '<title>fashion-mnist j-4k2m9x7p: finished without 13 % of the data</title>',
    )
    // A resumed job's regions are all in it again.
    expect(jobReport(aHistory({ resumptions: 1 }, { events: [pruned] })).verdict.kind).toBe('whole')
  })

  test('on samples that nobody used is partial, unless the target was reached', () => {
    const job = withRegion(last, { samplesDone: 10_000 })
    const { verdict } = jobReport(aHistory(job))
    expect(verdict).toMatchObject({ kind: 'partial', text: 'finished without 8.3 % of the data' })
    expect(verdict.notes).toContain(`${last} used 50 % of its samples`)
    const spec = { ...aJob().spec, training: { epochs: 2, target: { metric: 'accuracy', atLeast: 0.9 } } }
    const early = jobReport(aHistory({ ...job, spec })).verdict
    expect(early).toMatchObject({ kind: 'whole', text: 'reached its target accuracy 0.9000 (0.9013), in 3 regions' })
  })

  test('on a region that never started counts all of its data as unused', () => {
    const { progress } = aJob()
    const partitions = progress!.partitions.filter(({ region }) => region !== last)
    const { verdict } = jobReport(aHistory({ progress: { ...progress, partitions } }))
    expect(verdict).toMatchObject({ kind: 'partial', text: 'finished without 17 % of the data' })
  })

  test('on replicas that differ says so', () => {
    const { verdict } = jobReport(aHistory(withRegion(last, { modelHash: 'cd'.repeat(32) })))
    expect(verdict).toMatchObject({ kind: 'partial', text: 'finished, but not as one model everywhere' })
    expect(verdict.notes).toContain('the regions ended with 2 different models')
  })

  test('on a job that failed or runs is what it is', () => {
    expect(jobReport(aHistory({ state: 'JOB_STATE_FAILED', reason: 'out of memory' })).verdict).toMatchObject({
      kind: 'failed',
      text: 'failed: out of memory',
    })
    const job = aHistory({ state: 'JOB_STATE_RUNNING', endedAtMs: 0, progress: { fraction: 0.4 } })
    expect(jobReport(job)).toMatchObject({
      seconds: 240,
      verdict: { text: 'running: 40 % of the samples used so far' },
    })
  })
})

describe('a resumed job', () => {
  const pauseMs = 51 * 3_600_000
  const endMs = startMs + 100_000
  const text = 'resumed after it failed: region onprem/lab has 0 of 2 GPUs free'
  const resumed = overTheWire<InstanceEvent__Output>('InstanceEvent', {
    jobId: 'j-4k2m9x7p',
    instanceId: '',
    kind: 'resumed',
    text,
    atMs: endMs + pauseMs,
  })
  const later = <T extends { readonly atMs: number }>(rows: readonly T[]): readonly T[] =>
    rows.map((row) => (row.atMs > endMs ? { ...row, atMs: row.atMs + pauseMs } : row))
  const calm = aHistory()
  const history = aHistory(
    { resumptions: 1, idle: [{ fromMs: endMs, untilMs: endMs + pauseMs }], endedAtMs: startMs + 240_000 + pauseMs },
    {
      rounds: later(calm.rounds),
      evaluations: later(calm.evaluations),
      events: [...later(calm.events), resumed],
      readAtMs: calm.readAtMs + pauseMs,
    },
  )

  test('counts no time between its end and its resumption, in no figure, curve or row', () => {
    const { resumptions, idleSeconds, happenings, ...report } = jobReport(history)
    const { resumptions: none, idleSeconds: zero, happenings: others, ...expected } = jobReport(calm)
    expect([resumptions, idleSeconds, none, zero]).toEqual([1, 51 * 3_600, 0, 0])
    expect(report).toEqual(expected)
    expect(happenings).toHaveLength(others.length + 1)
  })

  test('tells that it was resumed, by nobody in particular', () => {
    const { happenings } = jobReport(history)
    expect(happenings.find(({ kind }) => kind === 'resumed')).toEqual({
      seconds: 100,
      region: '',
      kind: 'resumed',
      text,
    })
    expect(renderReport(jobReport(history), plain, 200)).toContain('4 min 0 s, resumed 1 x, 2 d 3 h idle, cost')
    expect(renderJob(history.job, plain, 0, 200)).toContain('4 min 0 s   resumed 1 x, 2 d 3 h idle')
  })
})

describe('the course', () => {
  test('curves begin at the start and bytes add up', () => {
    const { wanCurves, lossCurves, metricCharts } = jobReport(aHistory())
    expect(wanCurves.map(({ name, points }) => [name, points[0]![1], points.at(-1)![1]])).toEqual([
      ['aws/us-east-1', 0, 20_000_000],
      ['onprem/lab', 0, 20_800_000],
      ['tencent/ap-shanghai', 0, 17_820_000],
    ])
    expect(lossCurves[0]!.points[0]).toEqual([10.5, 1.28])
    expect(metricCharts.map(({ metric, curves }) => [metric, curves.map(({ name }) => name)])).toEqual([
      ['accuracy', ['onprem/lab']],
      ['loss', ['onprem/lab']],
    ])
  })

  test('the timeline shows a region absent while the others went on', () => {
    const { timeline } = jobReport(aHistory())
    const kinds = timeline.map(({ spans }) => [...new Set(spans.map(({ kind }) => kind))])
    expect(kinds[0]).toEqual(['none', 'in'])
    const away = timeline[2]!.spans.find(({ kind }) => kind === 'absent')!
    expect(away.why).toBe('no word for 12.0 s, grace ended')
    expect(away.fromSeconds).toBeGreaterThan(85)
    expect(away.toSeconds).toBeLessThan(135)
    // Nothing is shown before the first and after the last round.
    expect(timeline[2]!.spans.at(-1)?.kind).toBe('none')
  })

  test('restarts, absences, prunes, hubs and plans are told in order', () => {
    const { happenings } = jobReport(aHistory({}, { events: [...aHistory().events, pruned] }))
    expect(happenings.map(({ kind, region, text }) => [kind, region, text])).toEqual([
      ['plan', '', 'plan 3 from round 6 on: int8, 4 fragments'],
      ['exited', 'aws/us-east-1', 'worker-0: killed by SIGKILL, failure 1 of 3'],
      ['restart', 'aws/us-east-1', 'worker-0: started again, attempt 2'],
      ['pruned', last, `region ${last} was lost for too long`],
      ['absent', last, 'took no part in rounds 16-22: no word for 12.0 s, grace ended'],
      ['adopted', 'onprem/lab', 'ps'],
      ['hub', 'onprem/lab', 'closes rounds from 28 on, term 2'],
    ])
  })

  test('a region that went on without the control plane tells so itself', () => {
    const text = 'no word from the control plane for 12.0 s; went on without it'
    const event = {
      jobId: 'j-4k2m9x7p',
      instanceId: 'j-4k2m9x7p/onprem/lab',
      kind: 'unattended',
      text,
      atMs: startMs + 7_000,
    }
    const events = [overTheWire<InstanceEvent__Output>('InstanceEvent', event)]
    expect(jobReport(aHistory({}, { events })).happenings).toContainEqual({
      seconds: 7,
      region: 'onprem/lab',
      kind: 'unattended',
      text,
    })
  })

  test('a plan that shifts only steps between regions is no news', () => {
    const rounds = someRounds().map((round) => ({ ...round, planVersion: round.round, codec: 'int8' }))
    const { happenings } = jobReport(aHistory({}, { rounds }))
    expect(happenings.filter(({ kind }) => kind === 'plan')).toEqual([])
  })

  test('what is about the job as a whole stands for itself: another plan, a budget', () => {
    const event = (kind: string, text: string) =>
      overTheWire<InstanceEvent__Output>('InstanceEvent', { jobId: 'j-4k2m9x7p', kind, text, atMs: startMs + 5_000 })
    const events = [event('replanned', 'plan 2: a price changed'), event('budget', 'the forecast passes $20')]
    expect(jobReport(aHistory({}, { events })).happenings.slice(0, 2)).toMatchObject([
      { kind: 'replanned', region: '', text: 'plan 2: a price changed' },
      { kind: 'budget', region: '', text: 'the forecast passes $20' },
    ])
  })

  test("data that was moved is its partition's, wherever that runs: nothing is missing, and costs are of the place", () => {
    const job = aJob()
    const shards = job.spec!.shards
    const partitions = job.progress!.partitions.filter(({ region }) => region !== last)
    const taken = shards.filter(({ region }) => region === 'onprem/lab' || region === last)
    const samples = taken.reduce((sum, shard) => sum + shard.samples, 0) * job.spec!.training!.epochs
    const plan = {
      partitions: [
        { region: 'aws/us-east-1', place: 'aws/us-east-1', dataRegions: ['aws/us-east-1'] },
        {
          region: 'onprem/lab',
          place: last,
          dataRegions: ['onprem/lab', last],
          allocations: [{ deviceModel: 'nvidia-t4', market: 'spot', units: 2 }],
        },
      ],
    }
    const progress = {
      ...job.progress,
      partitions: partitions.map((each) =>
        each.region === 'onprem/lab' ? { ...each, samplesDone: samples, samplesTotal: samples } : each,
      ),
    }
    const report = jobReport(aHistory({ plan, progress }))
    expect(report.verdict).toMatchObject({ kind: 'whole', unusedDataShare: 0 })
    const [, moved] = report.regions
    expect(report.regions).toHaveLength(2)
    expect(moved).toMatchObject({
      region: 'onprem/lab',
      place: last,
      devices: '2 × nvidia-t4@spot',
      samplesTotal: samples,
    })
    expect(report.plan[0]).toMatchObject({
      title: 'plan',
      text: expect.stringContaining(`${last} (for onprem/lab) 2 ×`),
    })
    expect(renderPage(report, [], { style: '', scripts: [] })).toContain('<h2>Plan</h2>')
    expect(moved!.costUsd).toBe(aHistory().cost.regions.find(({ region }) => region === last)!.totalUsd)
    expect(renderReport(report, plain, 200)).toContain(
      `onprem/lab (in ${last}, with data of ${last})  2 × nvidia-t4@spot`,
    )
  })

  test('a job without any round is reported all the same', () => {
    const job = aJob({ state: 'JOB_STATE_PENDING', startedAtMs: 0, endedAtMs: 0, progress: null, spec: null })
    const report = jobReport({ ...aHistory(), job, rounds: [], evaluations: [], events: [] })
    expect(report).toMatchObject({ regions: [], lossCurves: [], timeline: [], happenings: [] })
  })

  test('a long line keeps its ends', () => {
    const points = Array.from({ length: 5_000 }, (_, i) => i)
    const kept = thin(points)
    expect(kept).toHaveLength(reportConfig.pointsMax)
    expect([kept[0], kept.at(-1)]).toEqual([0, 4_999])
    expect(someRounds()).toHaveLength(40 + 40 + 33)
  })
})
