// Builders for tests: a whole value with sensible fields, of which a test names only those it is about.
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import { withHash } from '#regions/catalogue-content.ts'
import { providers, type Catalogue, type EgressPrice, type Price } from '#regions/catalogue.ts'
import { emptyAddressBook } from './address-book.ts'
import { plainClass } from './device-class.ts'
import type { Round } from './history.ts'
import type { InferenceFunction, InferenceSpec } from './inference.ts'
import type { Job, JobSpec, Shard } from './job.ts'
import type { Usage } from './ledger.ts'
import type { Allocation, Forecast, Partition, Plan } from './plan.ts'
import type { Agent, Device, Instance, PartitionProgress, Snapshot, SyncProgress } from './snapshot.ts'

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
    resources: { deviceModels: [], markets: ['on-demand'], workersMaxPerRegion: 0, samplesPerSecond: {} },
    policy: 'load-power',
    objective: { kind: 'least-cost', slack: 0.05 },
    budget: null,
    owner: '',
    labels: {},
    ...spec,
  }
}

/** As a job that gives only these has it. */
export function aSync(given: GivenSync = {}, regions = 2): SyncSettings {
  return resolveSync(given, { regions }).settings
}

export function aShard(region: string, samples: number, shard: Partial<Shard> = {}): Shard {
  return { region, uri: `file:///data/${region}`, samples, bytes: 0, mayMoveTo: [], ...shard }
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

export function anInferenceSpec(spec: Partial<InferenceSpec> = {}): InferenceSpec {
  return {
    name: 'classify',
    bundleDigest: 'cd'.repeat(32),
    handler: 'model:Classifier',
    environment: {},
    slo: { latencyMs: 100, percentile: 99, per: 'request' },
    instancesMin: 1,
    instancesMax: 3,
    batchMax: 8,
    gpuShare: null,
    deviceModels: [],
    regions: [],
    owner: '',
    labels: {},
    autoscaler: 'hybrid',
    timeoutMs: 30_000,
    queueMax: 0,
    atMostOnce: false,
    memoryBytes: 0,
    profile: [],
    ...spec,
  }
}

export function aFunction(fields: Partial<InferenceFunction> = {}): InferenceFunction {
  return {
    id: 'f-1',
    spec: anInferenceSpec(),
    version: 1,
    older: [],
    state: 'deploying',
    reason: '',
    places: [],
    wanted: {},
    failures: 0,
    retryAtMs: 0,
    nextInstance: 0,
    createdAtMs: 0,
    endedAtMs: null,
    revision: 1,
    ...fields,
  }
}

export type RegionPrices = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Every pair linked with 100 Mbit/s, 50 ms and 0.1 USD/GB. */
export function aCatalogue(
  prices: RegionPrices,
  speeds: Readonly<Record<string, number>> = { cpu: 1 },
  memoriesGib: Readonly<Record<string, number>> = {},
): Catalogue {
  const names = Object.keys(prices).sort()
  return withHash({
    version: 'test',
    usdPer: { USD: 1 },
    regions: names.map((name) => ({
      name,
      provider: providers.find((each) => name.startsWith(`${each}/`)) ?? 'onprem',
      coordinates: null,
      prices: Object.entries(prices[name]!)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([deviceModel, usd]) => aPrice(deviceModel, usd)),
      storageUsdPerGbMonth: null,
    })),
    links: names.flatMap((from) =>
      names
        .filter((to) => to !== from)
        .map((to) => ({ from, to, mbitPerSecond: 100, roundTripMs: 50, egress: perGb(0.1) })),
    ),
    deviceModels: Object.entries(speeds)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, relativeSpeed]) => {
        const memoryGib = memoriesGib[name]
        return { name, relativeSpeed, ...(memoryGib === undefined ? {} : { memoryGib }) }
      }),
  })
}

export function aPrice(deviceModel: string, usdPerUnitHour: number, price: Partial<Price> = {}): Price {
  return {
    deviceModel,
    market: 'on-demand',
    instanceType: '',
    zone: '',
    usdPerUnitHour,
    perUnitHour: usdPerUnitHour,
    currency: 'USD',
    pricedOn: '2026-11-01',
    lossesPerHour: 0,
    stock: 'unknown',
    ...price,
  }
}

export function perGb(usdPerGb: number): EgressPrice {
  return { kind: 'per-gb', tiers: [{ upToGb: null, usdPerGb }] }
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
      market: 'on-demand',
      zone: '',
      instanceType: '',
      endsAtMs: null,
    })),
    ...agent,
  }
}

/** GPUs that take shares, as an agent tells of them: "gpu-0", "gpu-1", … */
export function gpus(model: string, count: number, device: Partial<Device> = {}): readonly Device[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `gpu-${i}`,
    model,
    units: 1,
    memoryBytes: 16 * 2 ** 30,
    market: 'on-demand',
    zone: '',
    instanceType: '',
    endsAtMs: null,
    sharing: 'interposer',
    ...device,
  }))
}

/** A plan of one partition for each region, each of which takes so many units of "cpu". */
export function aPlan(cpus: Readonly<Record<string, number>>, plan: Partial<Plan> = {}): Plan {
  const regions = Object.keys(cpus).sort()
  return {
    outcome: 'placed',
    policy: 'load-power',
    objective: { kind: 'least-cost', slack: 0.05 },
    version: 1,
    plannedAtMs: 0,
    cause: '',
    partitions: regions.map((region) => aPartition(region, cpus[region]!)),
    exchange: null,
    movements: [],
    reasons: [],
    forecast: null,
    forecastUseEverything: null,
    alternatives: [],
    bound: null,
    catalogVersion: 'test',
    catalogHash: 'hash-of-test',
    loadPower: 1,
    bottleneckRegion: regions[0] ?? '',
    ...plan,
  }
}

export function anAllocation(units: number, allocation: Partial<Allocation> = {}): Allocation {
  const one = { samplesPerSecondPerUnit: 1, usdPerUnitHour: 1, lossesPerHour: 0 }
  return { ...plainClass('cpu'), units, ...one, ...allocation }
}

export function aForecast(forecast: Partial<Forecast> = {}): Forecast {
  return {
    seconds: 0,
    movementSeconds: 0,
    computeUsd: 0,
    egressUsd: 0,
    movementUsd: 0,
    storageUsd: 0,
    spotLossUsd: 0,
    totalUsd: forecast.computeUsd ?? 0,
    wanBytes: 0,
    throughputSource: 'declared',
    ...forecast,
  }
}

export function aUsage(usage: Partial<Usage> = {}): Usage {
  return {
    id: 'u-1',
    jobId: 'j-1',
    instanceId: 'j-1/a/worker-0',
    region: 'a',
    kind: 'device-seconds',
    subject: 'cpu',
    quantity: 100,
    fromMs: 0,
    toMs: 100_000,
    attempt: 1,
    purpose: 'train',
    ...usage,
  }
}

export function aPartition(region: string, cpus: number, partition: Partial<Partition> = {}): Partition {
  return {
    region,
    place: region,
    moves: 0,
    samples: 1,
    dataRegions: [region],
    allocations: [anAllocation(cpus)],
    loadPower: 1,
    ...partition,
  }
}

export function anInstance(instance: Partial<Instance> & Pick<Instance, 'id' | 'region'>): Instance {
  return {
    jobId: 'j-1',
    partition: instance.region,
    role: 'worker',
    ...plainClass('cpu'),
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

export function aSyncProgress(sync: Partial<SyncProgress> = {}): SyncProgress {
  return {
    planVersion: 1,
    interval: 8,
    codec: 'fp32',
    fragments: 1,
    committedRound: 0,
    hub: '',
    term: 0,
    hears: [],
    stepSeconds: 0.1,
    stallShare: 0,
    reason: '',
    links: [],
    lateCarried: 0,
    lateDropped: 0,
    refused: {},
    ...sync,
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
