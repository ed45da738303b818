// Builders for tests: whole objects with the one field that matters given.
import { emptyAddressBook } from '#control-plane/model/address-book.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import type { Agent, Instance } from '#control-plane/model/snapshot.ts'

export function aSpec(fields: Partial<JobSpec> = {}): JobSpec {
  return {
    name: 'digits',
    function: { bundleDigest: 'a'.repeat(64), entrypoint: 'train.py', arguments: [], environment: {} },
    shards: [{ region: 'onprem/lab', uri: 'file:///data/train', samples: 1000 }],
    holdout: null,
    sync: { strategy: 'asgd-ga', interval: 8, mode: 'sum', delayCompensation: 0 },
    training: {
      epochs: 1,
      seed: 1,
      workerMode: 'asynchronous',
      leaseSamples: 256,
      target: null,
      stallTimeoutSeconds: 60,
      restartsMax: 3,
    },
    resources: { deviceModels: [], workersMaxPerRegion: 0, samplesPerSecond: {} },
    policy: 'load-power',
    ...fields,
  }
}

export function aJob(fields: Partial<Job> = {}): Job {
  const id = fields.id ?? 'j-1'
  return {
    id,
    requestId: `request-of-${id}`,
    spec: aSpec(),
    state: 'pending',
    reason: '',
    plan: null,
    addressBook: emptyAddressBook,
    revision: 0,
    createdAtMs: 1000,
    startedAtMs: null,
    firstStepAtMs: null,
    endedAtMs: null,
    evaluation: {},
    modelDigest: null,
    ...fields,
  }
}

export function anInstance(fields: Partial<Instance> = {}): Instance {
  const jobId = fields.jobId ?? 'j-1'
  const region = fields.region ?? 'onprem/lab'
  return {
    id: `${jobId}/${region.replace('/', '-')}/worker-0`,
    jobId,
    region,
    role: 'worker',
    deviceModel: 'cpu',
    units: 1,
    usdPerUnitHour: 0.05,
    state: 'planned',
    attempt: 0,
    reason: '',
    endpoint: '',
    progress: null,
    isReleased: false,
    ...fields,
  }
}

export function anAgent(fields: Partial<Agent> = {}): Agent {
  return {
    region: 'onprem/lab',
    agentId: 'agent-1',
    incarnation: 1,
    version: '0.1.0',
    isConnected: true,
    lastHeartbeatAtMs: 1000,
    devices: [{ id: 'cpu-0', model: 'cpu', units: 2, memoryBytes: 4e9 }],
    ...fields,
  }
}

export function aLedgerEntry(fields: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: 'usage-1',
    jobId: 'j-1',
    instanceId: 'j-1/onprem-lab/worker-0',
    region: 'onprem/lab',
    kind: 'device-seconds',
    subject: 'cpu',
    quantity: 10,
    fromMs: 0,
    toMs: 10_000,
    unitPriceUsd: 3.6,
    amountUsd: 0.01,
    catalogHash: 'c',
    ...fields,
  }
}
