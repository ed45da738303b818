// For tests: three regions over 40 rounds, of which the smallest misses seven in the middle, as the server would tell it.
import type { CostReport, CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { Job, Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Round, Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import type { SyncProgress } from '#proto/generated/cloudless/v1/SyncProgress.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { JobHistory } from './job-history.ts'

export const regionNames = ['aws/us-east-1', 'onprem/lab', 'tencent/ap-shanghai'] as const
export const startMs = Date.UTC(2026, 10, 3, 9, 0, 0)
const why = 'no word for 12.0 s, grace ended'

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the name decides the type, which a test knows
export function overTheWire<Received>(name: string, message: object): Received {
  const definition = messageDefinition<object, Received>(`cloudless.v1.${name}`)
  return definition.deserialize(definition.serialize(message))
}

export function aHistory(job: Partial<Job> = {}, fields: Partial<JobHistory> = {}): JobHistory {
  return {
    job: aJob(job),
    cost: aCost(),
    rounds: someRounds(),
    evaluations: someEvaluations(),
    events: someEvents(),
    readAtMs: startMs + 240_000,
    ...fields,
  }
}

export function aJob(fields: Partial<Job> = {}): Job__Output {
  const samples = [20_000, 30_000, 10_000]
  return overTheWire('Job', {
    id: 'j-4k2m9x7p',
    state: 'JOB_STATE_SUCCEEDED',
    reason: 'trained in 3 regions',
    revision: 9,
    costUsd: 0.0123,
    createdAtMs: startMs - 2_000,
    startedAtMs: startMs,
    endedAtMs: startMs + 240_000,
    spec: {
      name: 'fashion-mnist',
      sync: { strategy: 'auto' },
      shards: regionNames.map((region, i) => ({ region, samples: samples[i], uri: 'file:///data' })),
      training: { epochs: 2 },
    },
    progress: {
      fraction: 1,
      samplesDone: 120_000,
      samplesTotal: 120_000,
      loss: 0.2871,
      evaluation: { accuracy: 0.9013 },
      rounds: 40,
      wanBytes: 61_000_000,
      partitions: regionNames.map((region, i) => ({
        region,
        phase: 'PARTITION_PHASE_FINISHED' as const,
        epoch: 2,
        samplesDone: samples[i]! * 2,
        samplesTotal: samples[i]! * 2,
        steps: samples[i]! / 32,
        loss: 0.28 + i / 100,
        workers: 2,
        rounds: i === 2 ? 33 : 40,
        wanBytesSent: 20_000_000 + i * 1_000_000,
        samplesPerSecond: 1_250 - i * 300,
        modelHash: 'ab'.repeat(32),
        sync: aSync(region),
      })),
      roundTotals: regionNames.map((region) => totalsOf(region)),
    },
    ...fields,
  })
}

export function aSync(region: string, fields: SyncProgress = {}): SyncProgress {
  const others = regionNames.filter((name) => name !== region)
  return {
    planVersion: 3,
    interval: 24,
    codec: 'int8',
    fragments: 4,
    committedRound: 40,
    hub: 'onprem/lab',
    term: 2,
    hears: others,
    stepSeconds: 0.051,
    stallShare: 0.021,
    reason: 'one exchange takes 1.1 s at 38 Mbit/s, 24 steps of 51 ms keep the link below 90 %',
    links: others.map((fromRegion, i) => ({ fromRegion, mbitPerSecond: 80 - 42.1 * i, roundTripMs: 31 + 149 * i })),
    lateCarried: region === 'tencent/ap-shanghai' ? 2 : 0,
    lateDropped: 0,
    refused: {},
    ...fields,
  }
}

export function someRounds(): readonly Round__Output[] {
  return regionNames.flatMap((region, i) =>
    Array.from({ length: 40 }, (_, at) => at + 1).flatMap((number) => {
      const isAway = number > 15 && number <= 22
      if (isAway && i === 2) return []
      const round: Round = {
        jobId: 'j-4k2m9x7p',
        region,
        number: i === 2 && number > 22 ? number - 7 : number,
        round: number,
        members: isAway ? regionNames.slice(0, 2) : [...regionNames],
        bytesSent: 500_000 + i * 20_000,
        bytesReceived: 900_000,
        seconds: isAway ? 3.5 : 1.2,
        exchangeSeconds: isAway ? 3.5 : 1.2,
        atMs: startMs + 5_000 + number * 5_500 + i * 40,
        absent: isAway ? { 'tencent/ap-shanghai': why } : {},
        excludedDataShare: isAway ? 1 / 6 : 0,
        fragment: number % 4,
        fragments: 4,
        codec: number < 6 ? 'fp16' : 'int8',
        steps: 24,
        samples: 768,
        stallSeconds: 0.03,
        stalenessSteps: 11 + i,
        codecError: number < 6 ? 0.0004 : 0.0081,
        planVersion: number < 6 ? 2 : 3,
        hub: number < 28 ? 'aws/us-east-1' : 'onprem/lab',
        term: number < 28 ? 1 : 2,
        loss: 0.28 + i / 100 + 2 / (number + 1),
        fraction: number / 40,
        rounds: 1,
        firstNumber: 0,
        firstRound: 0,
        absentRounds: isAway ? { 'tencent/ap-shanghai': 1 } : {},
      }
      return [overTheWire<Round__Output>('Round', round)]
    }),
  )
}

function totalsOf(region: string) {
  const own = someRounds().filter((round) => round.region === region)
  const sum = (value: (round: Round__Output) => number): number => own.reduce((all, round) => all + value(round), 0)
  const incompleteRounds = own.filter(({ absent }) => Object.keys(absent).length > 0).length
  return {
    region,
    rounds: own.length,
    bytesSent: sum(({ bytesSent }) => bytesSent),
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    seconds: sum(({ seconds }) => seconds),
    exchangeSeconds: sum(({ exchangeSeconds }) => exchangeSeconds),
    stallSeconds: sum(({ stallSeconds }) => stallSeconds),
    steps: sum(({ steps }) => steps),
    samples: sum(({ samples }) => samples),
    incompleteRounds,
    excludedDataShare: incompleteRounds / own.length / 6,
    last: own.at(-1)!,
  }
}

export function someEvaluations(): readonly Evaluation__Output[] {
  return Array.from({ length: 8 }, (_, i) =>
    overTheWire<Evaluation__Output>('Evaluation', {
      jobId: 'j-4k2m9x7p',
      region: 'onprem/lab',
      epoch: (i + 1) / 4,
      metrics: { accuracy: 0.9013 - 0.3 / (i + 1) ** 2, loss: 0.28 + 1 / (i + 1) },
      isFinal: i === 7,
      atMs: startMs + (i + 1) * 29_000,
    }),
  )
}

export function someEvents(): readonly InstanceEvent__Output[] {
  const events = [
    { instanceId: 'aws/us-east-1/ps', kind: 'started', text: 'cpu-0', attempt: 1, at: 1 },
    {
      instanceId: 'aws/us-east-1/worker-0',
      kind: 'exited',
      text: 'killed by SIGKILL, failure 1 of 3',
      attempt: 1,
      at: 61,
    },
    { instanceId: 'aws/us-east-1/worker-0', kind: 'started', text: 'cpu-0', attempt: 2, at: 63 },
    { instanceId: 'onprem/lab/ps', kind: 'adopted', text: '', attempt: 1, at: 150 },
    { instanceId: 'onprem/lab/ps', kind: 'exited', text: '', attempt: 1, at: 239 },
  ]
  return events.map(({ instanceId, at, ...rest }) =>
    overTheWire<InstanceEvent__Output>('InstanceEvent', {
      jobId: 'j-4k2m9x7p',
      instanceId: `j-4k2m9x7p/${instanceId}`,
      atMs: startMs + at * 1_000,
      ...rest,
    }),
  )
}

export function aCost(fields: Partial<CostReport> = {}): CostReport__Output {
  return overTheWire('CostReport', {
    jobId: 'j-4k2m9x7p',
    seconds: 240,
    computeUsd: 0.0068,
    egressUsd: 0.0055,
    totalUsd: 0.0123,
    useEverythingUsd: 0.0151,
    saving: 0.185,
    isFinal: true,
    catalogVersion: '2026-11',
    catalogHash: 'c0ffee'.repeat(10),
    regions: regionNames.map((region, i) => ({
      region,
      deviceSeconds: 480,
      computeUsd: 0.0022,
      wanBytesSent: 20_000_000 + i * 1_000_000,
      egressUsd: 0.0018,
      totalUsd: 0.0041,
    })),
    links: regionNames.flatMap((fromRegion) =>
      regionNames
        .filter((toRegion) => toRegion !== fromRegion)
        .map((toRegion) => ({ fromRegion, toRegion, bytes: 10_000_000, usdPerGb: 0.09, egressUsd: 0.0009 })),
    ),
    ...fields,
  })
}
