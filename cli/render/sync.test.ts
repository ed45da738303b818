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
REGION               ROUNDS     SENT     EVERY  WAITED     STALE  CODEC LOSS
aws/us-east-1            40  20.0 MB  24 steps   2.1 %  11 steps       0.8 %
onprem/lab               40  21.0 MB  24 steps   2.1 %  12 steps       0.8 %
tencent/ap-shanghai      33  22.0 MB  24 steps   2.1 %  13 steps       0.8 %

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
  expect(renderJob(running({}), plain, startMs + 100_000, 120)).toContain('SENT  RECEIVED     EVERY')
})

test.each([
  [{ strategy: 'asgd-ga', interval: 8 }, 8, 'sync     asgd-ga, no rounds: every region sends each 8 steps, in fp32'],
  [{ strategy: 'asgd' }, 1, 'sync     asgd, no rounds: every region sends after each step, in fp32'],
  [{ strategy: 'model-averaging', mode: 'asynchronous' }, 4, 'model-averaging, no rounds: every region sends each 4'],
  [{ strategy: 'model-averaging', mode: 'synchronous' }, 4, 'hub      onprem/lab in term 2'],
])('status of %j shows a plan and a hub only where regions meet in rounds', (sync, interval, text) => {
  const here = { interval, codec: 'fp32', planVersion: 1, hub: 'onprem/lab', term: 2, committedRound: 0 }
  const job = running(Object.fromEntries(regionNames.map((region) => [region, here])))
  const shown = renderJob(overTheWire('Job', { ...job, spec: { ...job.spec, sync } }), plain, startMs, 120)
  expect(shown).toContain(text)
  expect(/plan 1|hub  /.test(shown)).toBe(text.startsWith('hub'))
})

test('status says how long the samples may last, at the speed of the slowest region', () => {
  const job = running({})
  const partitions = job.progress!.partitions.map((partition, i) => ({
    ...partition,
    samplesDone: partition.samplesTotal - [1_250, 0, 39_000][i]!,
  }))
  const going = { ...job, progress: { ...job.progress!, partitions } }
  expect(renderJob(going, plain, startMs, 120)).toContain('(100 %, about 1 min 0 s left)')
  const [first, ...others] = partitions
  const unknown = {
    ...job,
    progress: { ...job.progress!, partitions: [{ ...first!, samplesPerSecond: 0 }, ...others] },
  }
  expect(renderJob(unknown, plain, startMs, 120)).not.toContain('left')
  expect(renderJob({ ...going, state: 'JOB_STATE_FINISHING' }, plain, startMs, 120)).not.toContain('left')
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
      refused: { 'another shape': 4, 'MALFORMED_ENCODING of onprem/lab': 1 },
    },
  })
  const text = renderJob(job, plain, startMs, 120)
  expect(text).toContain('auto, plan 2: int8, 4 fragments (tencent/ap-shanghai)')
  // Each makes as many steps as the table says.
  expect(text).not.toContain('every 16 steps')
  expect(text).toMatch(/auto, plan 3: .*\n.*\(aws\/us-east-1, onprem\/lab\)/)
  expect(text).toContain('none in term 3, round 40 committed (tencent/ap-shanghai)')
  expect(text).toContain('tencent/ap-shanghai does not hear aws/us-east-1, onprem/lab')
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'refused tencent/ap-shanghai: from onprem/lab bytes that do not decode, once (run the same version of cloudless in every region), another shape, 4 times',
  )
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
ROUND  AT               MEMBERS  HUB            CODEC  FRAGMENT    SENT  RECEIVED   TOOK  WAITED     STALE  CODEC LOSS  WITHOUT
14-21  11-03 09:02:00Z      2/3  aws/us-east-1  int8        2/4  500 KB    900 KB  3.5 s   30 ms  11 steps       0.8 %  tencent/ap-shanghai (6 of 8 rounds, no word for 12.0 s, grace ended)
   22  11-03 09:02:06Z      2/3  aws/us-east-1  int8        3/4  500 KB    900 KB  3.5 s   30 ms  11 steps       0.8 %  tencent/ap-shanghai (no word for 12.0 s, grace ended)
   23  11-03 09:02:11Z      3/3  aws/us-east-1  int8        4/4  500 KB    900 KB  1.2 s   30 ms  11 steps       0.8 %`.slice(
      1,
    ),
  )
  const plainest = rounds.map((round) => ({ ...round, hub: '', fragments: 1 }))
  expect(renderRounds(plainest, 0, plain)).not.toMatch(/HUB|FRAGMENT/)
  expect(renderRounds(rounds, 1, plain).split('\n')).toHaveLength(3)
  expect(renderRounds([], 0, plain)).toBe('no rounds yet')
})
