import { describe, expect, test } from 'vitest'
import type { Plan } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import pc from 'picocolors'
import { differencesOf } from '../plan/differences.ts'
import { renderPlan, renderPlanBriefly } from './plan.ts'

const style = pc.createColors(false)
const forecast = { seconds: 60, computeUsd: 0.5, egressUsd: 0.5, totalUsd: 1, throughputSource: 'measured' }
const allocation = { deviceModel: 'cpu', units: 2, samplesPerSecondPerUnit: 10, usdPerUnitHour: 0.05 }

function aPlan(fields: Plan = {}): Plan__Output {
  const plan = messageDefinition<Plan, Plan__Output>('cloudless.v1.Plan')
  const partitions = ['aws/us-east-1', 'onprem/lab'].map((region) => {
    return { region, place: region, allocations: [allocation], samples: 10, dataRegions: [region] }
  })
  const given = { outcome: 'PLAN_OUTCOME_PLACED' as const, policy: 'least-cost', partitions, forecast, ...fields }
  return plan.deserialize(plan.serialize(given))
}

describe('a plan', () => {
  test('before the first run of a function its traffic is said to be unknown, not zero', () => {
    const text = renderPlan(aPlan(), style)
    expect(text).toMatch(/this plan .*unknown +\$1\.00 +unknown/)
    expect(text).toContain('known after the first run')
    expect(renderPlan(aPlan({ forecast: { ...forecast, wanBytes: 2e9 } }), style)).toMatch(/this plan .*2\.00 GB/)
  })

  test('bytes of data on its way are no knowledge of what synchronisation sends', () => {
    const movements = [{ fromRegion: 'gcp/us-west1', toRegion: 'onprem/lab', bytes: 5e9, seconds: 400, usd: 0.6 }]
    const text = renderPlan(aPlan({ movements, forecast: { ...forecast, wanBytes: 5e9, movementUsd: 0.6 } }), style)
    expect(text).toMatch(/gcp\/us-west1 +onprem\/lab +5\.00 GB +6 min 40 s +\$0\.600/)
    expect(text).toMatch(/MOVING DATA/)
    expect(text).toContain('known after the first run')
  })

  test('shows what is bought how, where a partition went, and whose data it has', () => {
    const spot = {
      ...allocation,
      deviceModel: 'nvidia-t4',
      market: 'spot',
      zone: 'us-east-1a',
      instanceType: 'g4dn.xlarge',
    }
    const partitions = [
      { region: 'onprem/lab', place: 'aws/us-east-1', allocations: [spot], samples: 9, dataRegions: ['onprem/lab'] },
    ]
    const text = renderPlan(aPlan({ partitions, version: 2, cause: 'units went away' }), style)
    expect(text).toContain('aws/us-east-1 (for onprem/lab)')
    expect(text).toContain('2 × nvidia-t4@spot (g4dn.xlarge in us-east-1a)')
    expect(text).toMatch(/DATA OF/)
    expect(text).toContain('plan 2: units went away')
  })

  test('says what it was to find, how regions exchange and how good it is', () => {
    const objective = { kind: 'deadline', deadlineMs: Date.UTC(2026, 11, 1, 18) }
    const exchange = { interval: 32, codec: 'int8', fragments: 4, hub: 'onprem/lab' }
    const text = renderPlan(aPlan({ objective, exchange, bound: { atLeast: 0.99, gap: 0.0042 } }), style)
    expect(text).toContain('the cheapest that ends by 2026-12-01 18:00:00Z')
    expect(text).toContain('every 32 steps, int8, 4 fragments, contributions meet in onprem/lab')
    expect(text).toContain('at most 0.4 % above the best possible')
    expect(renderPlan(aPlan({ bound: { atLeast: 1, provedOptimal: true } }), style)).toContain('proved to be the best')
  })

  test('names alternatives with what they would have cost, and those that can not be', () => {
    const alternatives = [
      { name: 'fastest', forecast: { ...forecast, seconds: 50 }, text: 'costs 12 % more and takes 17 % less time' },
      { name: 'load-power', text: 'some data can not be trained on where it lies' },
    ]
    const text = renderPlan(aPlan({ alternatives }), style)
    expect(text).toMatch(/fastest +50 s .*costs 12 % more/)
    expect(text).toMatch(/load-power +- .*can not be trained/)
  })

  test('in two lines', () => {
    const everything = { ...forecast, totalUsd: 2 }
    const brief = renderPlanBriefly(aPlan({ forecastUseEverything: everything, bound: { gap: 0.01 } }), style)
    expect(brief.split('\n')).toEqual([
      'placed: aws/us-east-1 2 × cpu; onprem/lab 2 × cpu',
      '1 min 0 s, $1.00 without the WAN, of which nothing is known yet, 50 % less than using everything, at most 1.0 % above the best possible',
    ])
    const reasons = [{ region: 'a', text: 'a has no agent yet' }]
    const waiting = aPlan({ outcome: 'PLAN_OUTCOME_WAITING', partitions: [], forecast: null, reasons })
    expect(renderPlanBriefly(waiting, style)).toBe('waiting\na has no agent yet')
  })
})

describe('two plans', () => {
  test('that say the same do not differ, whenever they were made', () => {
    expect(differencesOf(aPlan(), aPlan({ version: 3, plannedAtMs: 9, cause: 'again' }))).toEqual([])
  })

  test('differ in figures, units, places of data, exchange and outcome', () => {
    const partitions = [
      {
        region: 'onprem/lab',
        place: 'onprem/lab',
        allocations: [{ ...allocation, units: 3, requestMilli: 250 }],
        dataRegions: ['aws/us-east-1'],
      },
    ]
    const after = aPlan({
      partitions,
      forecast: { ...forecast, seconds: 90 },
      exchange: { interval: 8, codec: 'int8' },
    })
    expect(differencesOf(aPlan(), after).map(({ what, before, after: now }) => [what, before, now])).toEqual([
      ['time', '1 min 0 s', '1 min 30 s'],
      ['aws/us-east-1', '2 × cpu', '-'],
      ['onprem/lab', '2 × cpu', '3 × 0.25 cpu'],
      ['data of aws/us-east-1', 'aws/us-east-1', 'onprem/lab'],
      ['data of onprem/lab', 'onprem/lab', '-'],
      ['exchange', '-', 'every 8 steps, int8'],
    ])
    const waiting = aPlan({ outcome: 'PLAN_OUTCOME_WAITING', partitions: [], forecast: null })
    expect(differencesOf(aPlan(), waiting)).toContainEqual({ what: 'total', before: '$1.00', after: '-', change: '' })
  })

  test('that differ only in what is not listed do not pass as the same', () => {
    const reasons = [{ region: 'onprem/lab', chosen: true, rule: 'keeps-up', text: 'one' }]
    expect(differencesOf(aPlan(), aPlan({ reasons }))).toMatchObject([{ what: 'other figures' }])
  })
})
