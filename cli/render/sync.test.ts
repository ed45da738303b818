import pc from 'picocolors'
import { expect, test } from 'vitest'
import { aJob, aSync, overTheWire, regionNames, someRounds, startMs } from '../report/a-history.fixture.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { SyncProgress } from '#proto/generated/cloudless/v1/SyncProgress.ts'
import { renderJob, renderJobLine, renderJobs } from './job.ts'
import { renderRounds } from './rounds.ts'

const plain = pc.createColors(false)

function running(syncs: Readonly<Record<string, SyncProgress>>): Job__Output {
  const job = aJob()
  const partitions = job.progress!.partitions.map((partition) => ({
    ...partition,
    phase: 'PARTITION_PHASE_TRAINING' as const,
    sync: aSync(partition.region, syncs[partition.region] ?? {}),
  }))
  return overTheWire('Job', {
    ...job,
    state: 'JOB_STATE_RUNNING',
    endedAtMs: 0,
    progress: { ...job.progress, partitions },
  })
}

test('status shows how regions synchronise and why, in 80 columns', () => {
  const text = renderJob(running({}), plain, startMs + 100_000, 80)
  expect(text.split('\n').slice(9).join('\n')).toBe(
    `
REGION               ROUNDS     SENT  RECEIVED  EVERY  STALL  STALE  ERROR
aws/us-east-1            40  20.0 MB   36.0 MB     24  2.1 %     11  0.8 %
onprem/lab               40  21.0 MB   36.0 MB     24  2.1 %     12  0.8 %
tencent/ap-shanghai      33  22.0 MB   29.7 MB     24  2.1 %     13  0.8 %

sync     auto, plan 3: every 24 steps, int8, 4 fragments; one exchange takes
         1.1 s at 38 Mbit/s, 24 steps of 51 ms keep the link below 90 %
hub      onprem/lab in term 2, round 40 committed
hearing  every region hears every other
late     tencent/ap-shanghai 2 carried, 0 dropped
excluded on average 2.9 % of the data took no part in a round
links    into aws/us-east-1: from onprem/lab 80 Mbit/s, 31 ms; from
         tencent/ap-shanghai 37.9 Mbit/s, 180 ms
links    into onprem/lab: from aws/us-east-1 80 Mbit/s, 31 ms; from
         tencent/ap-shanghai 37.9 Mbit/s, 180 ms
links    into tencent/ap-shanghai: from aws/us-east-1 80 Mbit/s, 31 ms; from
         onprem/lab 37.9 Mbit/s, 180 ms`.slice(1),
  )
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

test('regions that differ are told apart, and who is not heard or refused is named', () => {
  const job = running({
    'tencent/ap-shanghai': {
      planVersion: 2,
      interval: 16,
      reason: '',
      hub: '',
      term: 3,
      hears: [],
      links: [],
      refused: { 'another shape': 4 },
    },
  })
  const text = renderJob(job, plain, startMs, 120)
  expect(text).toContain('auto, plan 2: int8, 4 fragments (tencent/ap-shanghai)')
  // Each makes as many steps as the table says.
  expect(text).not.toContain('every 16 steps')
  expect(text).toMatch(/auto, plan 3: .*\n.*\(aws\/us-east-1, onprem\/lab\)/)
  expect(text).toContain('none in term 3, round 40 committed (tencent/ap-shanghai)')
  expect(text).toContain('tencent/ap-shanghai does not hear aws/us-east-1, onprem/lab')
  expect(text).toContain('refused  tencent/ap-shanghai another shape (4)')
})

test('a job that succeeded without a region says so wherever its state stands, in another colour', () => {
  const colours = pc.createColors(true)
  const job = aJob({ prunedRegions: ['tencent/ap-shanghai'] })
  const text = 'succeeded without tencent/ap-shanghai (17 % of the data)'
  expect(renderJob(job, colours, startMs, 120)).toContain(colours.yellow(text))
  expect(renderJobs([job], colours)).toContain(colours.yellow(text))
  expect(renderJobLine(job).startsWith(`${text} `)).toBe(true)
  expect(renderJob(aJob(), colours, startMs, 120)).toContain(`${colours.green('succeeded')}: `)
})

test('a job that stopped says how far it came, and until when it can go on', () => {
  const stopped = { state: 'JOB_STATE_FAILED' as const, resumableUntilMs: Date.UTC(2026, 10, 29, 8) }
  expect(renderJob(aJob(stopped), plain, startMs, 80)).toContain(
    'stopped at round 40, 100 % of the samples; checkpoints kept until 2026-11-29 08:00:00Z: `cloudless resume j-4k2m9x7p` goes on',
  )
  const early = aJob({ ...stopped, progress: { samplesDone: 0 } })
  expect(renderJob(early, plain, startMs, 80)).toContain('stopped at the beginning;')
  expect(renderJob(aJob(), plain, startMs, 80)).not.toContain('stopped')
})

test('a job that has not synchronised shows nothing of it', () => {
  const job = aJob({ progress: { partitions: [{ region: 'a', phase: 'PARTITION_PHASE_STARTING' }] } })
  expect(renderJob(job, plain, startMs, 80)).not.toMatch(/sync|EVERY/)
})

test('rounds show who was absent and why; merged ones say of how many', () => {
  const rounds = someRounds().filter(({ region, number }) => region === regionNames[0] && number >= 21 && number <= 23)
  const merged = {
    ...rounds[0]!,
    rounds: 8,
    firstNumber: 14,
    firstRound: 14,
    absentRounds: { 'tencent/ap-shanghai': 6 },
  }
  expect(renderRounds([merged, ...rounds.slice(1)], 0, plain)).toBe(
    `
aws/us-east-1  10 rounds
ROUND  IN    SENT  RECEIVED   TIME  STALL  STALE  ERROR  WITHOUT
14-21   2  500 KB    900 KB  3.5 s  30 ms     11  0.8 %  tencent/ap-shanghai (6 of 8 rounds, no word for 12.0 s, grace ended)
   22   2  500 KB    900 KB  3.5 s  30 ms     11  0.8 %  tencent/ap-shanghai (no word for 12.0 s, grace ended)
   23   3  500 KB    900 KB  1.2 s  30 ms     11  0.8 %`.slice(1),
  )
  expect(renderRounds(rounds, 1, plain).split('\n')).toHaveLength(3)
  expect(renderRounds([], 0, plain)).toBe('no rounds yet')
})
