// Builders for tests: a whole value with sensible fields, of which a test names only those it is about.
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { emptyAddressBook } from './address-book.ts'
import type { Round } from './history.ts'
import type { Job, JobSpec } from './job.ts'
import type { Agent, Instance, PartitionProgress, Snapshot } from './snapshot.ts'

export function aSpec(spec: Partial<JobSpec> = {}): JobSpec {
  return {
    name: 'digits',
    function: { bundleDigest: 'ab'.repeat(32), entrypoint: 'train.py', arguments: [], environment: {} },
    shards: [aShard('a', 100)],
    holdout: null,
    sync: aSync({ strategy: 'asgd-ga' }),
    training: {
      epochs: 1,
      seed: 1,
      workerMode: 'asynchronous',
      leaseSamples: 64,
      target: null,
      stallTimeoutSeconds: 60,
      restartsMax: 3,
    },
    resources: { deviceModels: [], workersMaxPerRegion: 0, samplesPerSecond: {} },
    policy: 'load-power',
    ...spec,
  }
}

/** As a job that gives only these has it. */
export function aSync(given: GivenSync = {}, regions = 2): SyncSettings {
  return resolveSync(given, { regions }).settings
}

export function aShard(region: string, samples: number): JobSpec['shards'][number] {
  return { region, uri: `file:///data/${region}`, samples }
}

export function aJob(job: Partial<Job> = {}): Job {
  return {
    id: 'j-1',
    requestId: 'request-1',
    spec: aSpec(),
    state: 'pending',
    reason: '',
    plan: null,
    addressBook: emptyAddressBook,
    revision: 1,
    createdAtMs: 0,
    startedAtMs: null,
    firstStepAtMs: null,
    endedAtMs: null,
    evaluation: {},
    modelDigest: null,
    ...job,
  }
}

export type RegionPrices = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Every pair linked with 100 Mbit/s, 50 ms and 0.1 USD/GB. */
export function aCatalogue(prices: RegionPrices, speeds: Readonly<Record<string, number>> = { cpu: 1 }): Catalogue {
  const names = Object.keys(prices).sort()
  return {
    version: 'test',
    hash: 'hash-of-test',
    regions: names.map((name) => ({ name, provider: 'onprem', usdPerUnitHour: prices[name]! })),
    links: names.flatMap((from) =>
      names
        .filter((to) => to !== from)
        .map((to) => ({ from, to, mbitPerSecond: 100, roundTripMs: 50, egressUsdPerGb: 0.1 })),
    ),
    deviceModels: Object.entries(speeds)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, relativeSpeed]) => ({ name, relativeSpeed })),
  }
}

export function anAgent(region: string, units: Readonly<Record<string, number>>, agent: Partial<Agent> = {}): Agent {
  return {
    region,
    agentId: `agent-of-${region}`,
    incarnation: 1,
    version: '0.1.0',
    isConnected: true,
    lastHeartbeatAtMs: 0,
    devices: Object.entries(units).map(([model, count]) => ({
      id: `${model}-0`,
      model,
      units: count,
      memoryBytes: 2 ** 30,
    })),
    ...agent,
  }
}

export function anInstance(instance: Partial<Instance> & Pick<Instance, 'id' | 'region'>): Instance {
  return {
    jobId: 'j-1',
    role: 'worker',
    deviceModel: 'cpu',
    units: 1,
    usdPerUnitHour: 0.04,
    state: 'running',
    attempt: 1,
    reason: '',
    endpoint: '',
    progress: null,
    isReleased: false,
    ...instance,
  }
}

export function someProgress(region: string, progress: Partial<PartitionProgress> = {}): PartitionProgress {
  return {
    region,
    phase: 'training',
    epoch: 0,
    samplesDone: 0,
    samplesTotal: 100,
    steps: 0,
    loss: 1,
    workers: 1,
    rounds: 0,
    wanBytesSent: 0,
    modelHash: '',
    samplesPerSecond: 0,
    leasesReturned: 0,
    sync: null,
    ...progress,
  }
}

export function aRound(round: Partial<Round> = {}): Round {
  const number = round.number ?? 1
  return {
    jobId: 'j-1',
    region: 'a',
    number,
    round: number,
    members: ['a', 'b'],
    bytesSent: 1_000,
    bytesReceived: 2_000,
    seconds: 0.5,
    exchangeSeconds: 0.25,
    atMs: 1_000 * number,
    replicaHash: '',
    absent: {},
    excludedDataShare: 0,
    fragment: 0,
    fragments: 1,
    codec: 'int8',
    steps: 8,
    samples: 256,
    stallSeconds: 0.1,
    stalenessSteps: 2,
    codecError: 0.01,
    planVersion: 1,
    hub: 'a',
    term: 1,
    loss: 1,
    fraction: 0.1,
    rounds: 1,
    firstNumber: number,
    firstRound: number,
    absentRounds: Object.fromEntries(Object.keys(round.absent ?? {}).map((region) => [region, 1])),
    ...round,
  }
}

export function aSnapshot(snapshot: Partial<Snapshot> & Pick<Snapshot, 'catalogue'>): Snapshot {
  return { revision: 1, nowMs: 1_000_000, jobs: [], instances: [], agents: [], throughput: new Map(), ...snapshot }
}
