import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { Job } from '#proto/generated/cloudless/v1/Job.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Plan } from '#proto/generated/cloudless/v1/Plan.ts'
import { aJob, overTheWire, startMs } from '../report/a-history.fixture.ts'
import { renderJob } from './job.ts'
import { planFacts } from './plan-in-force.ts'

const plan: Plan = {
  outcome: 'PLAN_OUTCOME_PLACED',
  version: 2,
  plannedAtMs: startMs,
  cause: 'nvidia-t4@spot in aws/us-east-1 costs 40 % more',
  partitions: [
    {
      region: 'onprem/lab',
      place: 'aws/us-east-1',
      dataRegions: ['onprem/lab', 'aws/sa-east-1'],
      allocations: [{ deviceModel: 'nvidia-t4', market: 'spot', units: 2 }],
    },
  ],
  exchange: { interval: 32, codec: 'int8', fragments: 4, hub: 'aws/us-east-1' },
  movements: [{ fromRegion: 'aws/sa-east-1', toRegion: 'aws/us-east-1', bytes: 2e9, usd: 0.276 }],
  forecast: { seconds: 90, totalUsd: 1.5, wanBytes: 3e9 },
  bound: { gap: 0.004, atLeast: 1.49 },
}

function planned(fields: Job = {}): Job__Output {
  return overTheWire('Job', { ...aJob(), plan, ...fields })
}

describe('the plan in force', () => {
  test('says what runs where with whose data, why, what moves and what is forecast', () => {
    expect(planFacts(planned({ costUsd: 2, spec: { budget: { usd: 20 } } }))).toEqual([
      {
        title: 'plan',
        text: '2, since 09:00:00Z: aws/us-east-1 (for onprem/lab) 2 × nvidia-t4@spot with the data of aws/sa-east-1',
      },
      { title: 'because', text: 'nvidia-t4@spot in aws/us-east-1 costs 40 % more' },
      { title: 'exchange', text: 'every 32 steps, int8, 4 fragments, contributions meet in aws/us-east-1' },
      { title: 'moving', text: '2.00 GB from aws/sa-east-1 to aws/us-east-1, $0.276' },
      { title: 'forecast', text: '1 min 30 s, $1.50 for what was left, at most 0.4 % above the best possible' },
      { title: 'budget', text: '$2.00 of $20.00 spent', isTrouble: false },
    ])
  })

  test('marks a budget that is passed, and is silent without a plan', () => {
    expect(planFacts(planned({ costUsd: 21, spec: { budget: { usd: 20 } } })).at(-1)).toMatchObject({ isTrouble: true })
    expect(planFacts(planned({ plan: null }))).toEqual([])
  })

  test('stands in the status, in 80 columns', () => {
    const text = renderJob(planned(), pc.createColors(false), startMs + 1000, 80)
    expect(text).toContain('plan     2, since 09:00:00Z: aws/us-east-1 (for onprem/lab) 2 ×')
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
