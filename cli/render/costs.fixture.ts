// For tests: what the server answers for one job over two regions, and for several jobs.
import type { CostAmounts } from '#proto/generated/cloudless/v1/CostAmounts.ts'
import type { Costs, Costs__Output } from '#proto/generated/cloudless/v1/Costs.ts'
import type { JobCost } from '#proto/generated/cloudless/v1/JobCost.ts'
import { messageDefinition } from '#proto/rpc/load.ts'

export const startMs = Date.UTC(2026, 10, 3, 9)

export function someCosts(fields: Costs = {}): Costs__Output {
  const definition = messageDefinition<Costs, Costs__Output>('cloudless.v1.Costs')
  return definition.deserialize(definition.serialize({ ...ofOneJob, ...fields }))
}

function amounts(parts: CostAmounts): CostAmounts {
  const { computeUsd = 0, egressUsd = 0, movementUsd = 0, storageUsd = 0 } = parts as Readonly<Record<string, number>>
  return { totalUsd: computeUsd + egressUsd + movementUsd + storageUsd, ...parts }
}

const total = amounts({
  computeUsd: 8,
  egressUsd: 1.5,
  movementUsd: 0.5,
  startUsd: 0.4,
  redoUsd: 0.2,
  idleUsd: 1,
  deviceSeconds: 72_000,
  wanBytes: 22e9,
  entries: 900,
})

export const aJobCost: JobCost = {
  jobId: 'j-4k2m9x7p',
  name: 'fashion-mnist',
  owner: 'ada',
  labels: { team: 'vision' },
  strategy: 'auto',
  policy: 'least-cost',
  state: 'succeeded',
  isFinal: true,
  startedAtMs: startMs,
  seconds: 7200,
  amounts: total,
  forecast: { seconds: 7000, computeUsd: 7.5, egressUsd: 2, movementUsd: 0.5, totalUsd: 10, wanBytes: 25e9 },
  planVersion: 1,
  counterfactuals: [
    {
      name: 'use-everything',
      known: true,
      allowed: true,
      seconds: 7100,
      computeUsd: 11,
      egressUsd: 1.5,
      totalUsd: 12.5,
      saving: 0.2,
      text: 'every unit that was free',
    },
    {
      name: 'single-region',
      known: true,
      allowed: false,
      region: 'aws/us-east-1',
      seconds: 14_000,
      computeUsd: 9,
      movementUsd: 2,
      totalUsd: 11,
      saving: 1 / 11,
      text: 'not allowed: the data of onprem/lab may not leave',
    },
    { name: 'asgd', known: false, allowed: true, text: 'nothing is known of the model’s size' },
  ],
}

const ofOneJob: Costs = {
  fromMs: 0,
  toMs: startMs + 7_200_000,
  total,
  groupBy: ['region'],
  groups: [
    { key: ['aws/us-east-1'], amounts: amounts({ computeUsd: 6, egressUsd: 1.5, deviceSeconds: 40_000 }), share: 0.75 },
    { key: ['onprem/lab'], amounts: amounts({ computeUsd: 2, movementUsd: 0.5, deviceSeconds: 32_000 }), share: 0.25 },
  ],
  jobs: [aJobCost],
  jobsTotal: 1,
  comparisons: [{ name: 'use-everything', jobs: 1, totalUsd: 12.5, actualUsd: 10, saving: 0.2 }],
  linkMonths: [
    {
      fromRegion: 'tencent/ap-shanghai',
      toRegion: 'tencent/ap-beijing',
      month: '2026-11',
      priceKind: 'p95-month',
      bytes: 22e9,
      p95MbitPerSecond: 48.71,
      days: 2,
      billUsd: 38.97,
      ledgerUsd: 2,
    },
  ],
  rate: { currency: 'USD', usd: 1, catalogVersion: '2026-11' },
  catalogues: [{ hash: 'ab'.repeat(32), version: '2026-11', usd: 10 }],
  points: [1, 2, 3, 4].map((part) => ({
    atMs: startMs + part * 1_800_000,
    totalUsd: 2.5 * part,
    groupUsd: [1.875 * part, 0.625 * part],
  })),
}

export const manyJobs: Costs = {
  fromMs: startMs,
  groupBy: ['owner', 'label:team'],
  groups: [
    { key: ['ada', 'vision'], amounts: amounts({ computeUsd: 8 }), share: 0.8 },
    { key: ['', '=cmd("x"), y'], amounts: amounts({ computeUsd: 2 }), share: 0.2 },
  ],
  jobs: [aJobCost, { ...aJobCost, jobId: 'j-2', owner: '', forecast: null }],
  jobsTotal: 60,
  comparisons: [{ name: 'single-region', jobs: 2, forbidden: 1, totalUsd: 22, actualUsd: 20, saving: 1 / 11 }],
  gaps: [
    {
      jobId: 'j-2',
      region: 'onprem/lab',
      instanceId: 'j-2/onprem/lab/worker-0',
      attempt: 2,
      fromMs: startMs,
      toMs: startMs + 90_000,
      open: true,
      estimatedUsd: 0.25,
    },
  ],
  gapsTotal: 3,
  rate: { currency: 'CNY', usd: 0.14, catalogVersion: '2026-11' },
}
