import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { moneyIn } from '../money.ts'
import { parseTime } from '../since.ts'
import { costsCsv } from './costs-csv.ts'
import { manyJobs, someCosts, startMs } from './costs.fixture.ts'
import { renderCosts } from './costs.ts'

const style = pc.createColors(false)

describe('the cost of one job', () => {
  test('is told by region, against its forecast and against other ways', () => {
    const text = renderCosts(someCosts(), style)
    for (const line of [
      /^j-4k2m9x7p {2}fashion-mnist, auto, owner ada, succeeded after 2 h 0 min\n\$10\.00 final$/m,
      /^aws\/us-east-1 +\$7\.50 +75 % +\$6\.00 +\$1\.50 +\$0\.00/m,
      /^total +\$10\.00 +100 % +\$8\.00/m,
      /^20 % of compute was wasted: starting 5\.0 %, doing work again 2\.5 %, waiting 13 %$/m,
      /^compute +\$7\.50 +\$8\.00 +\+6\.7 %$/m,
      /^use everything +1 h 58 min +\$11\.00 +\$1\.50 +\$0\.00 +\$0\.00 +\$12\.50 +20 %$/m,
      /^one region, aws\/us-east-1 \(not allowed\) +3 h 53 min/m,
      /^ASGD every step: not known, nothing is known/m,
      /95th percentile +22\.0 GB +48\.7 Mbit\/s +\$38\.97 +\$2\.00$/m,
      /^prices of catalogue 2026-11 \(abababababab\), without tax$/m,
    ])
      expect(text).toMatch(line)
    expect(text).not.toMatch(/storage +\$0\.00 +\$0\.00 +-/)
  })

  test('says when it is not final, and of which time it is', () => {
    const part = someCosts({
      fromMs: startMs,
      total: { totalUsd: 4 },
      jobs: [{ ...someCosts().jobs[0]!, isFinal: false }],
    })
    expect(renderCosts(part, style)).toContain('$4.00 so far, from 2026-11-03 09:00:00Z to 2026-11-03 11:00:00Z')
  })
})

describe('the cost of many jobs', () => {
  const text = renderCosts(someCosts(manyJobs), style)
  test('is told in the currency asked for, with the rate', () => {
    expect(text).toMatch(/^71\.43 CNY for 60 jobs, from 2026-11-03 09:00:00Z to/m)
    expect(text).toContain('1 CNY = 0.14 USD, the rate in catalogue 2026-11')
    expect(text).toMatch(/^ada +vision +57\.14 CNY +80 %/m)
  })

  test('names the dearest, compares them, and shows what is missing', () => {
    expect(text).toContain('the 2 dearest jobs are shown and compared; 58 more are in the total')
    expect(text).toMatch(/^one region \(not allowed for 1\) +2 +157\.14 CNY +142\.86 CNY +9\.1 %$/m)
    expect(text).toMatch(/^j-2\/onprem\/lab\/worker-0 +2 +2026-11-03 09:00:00Z +now +1 min 30 s +1\.79 CNY$/m)
    expect(text).toContain('2 more')
  })

  test('as CSV keeps full amounts, quotes what it must and starts no formula', () => {
    const [head, first, second, end] = costsCsv(someCosts(manyJobs)).split('\r\n')
    expect(head).toBe(
      'owner,label:team,total_usd,total_cny,share,compute_usd,egress_usd,movement_usd,storage_usd,start_usd,redo_usd,idle_usd,' +
        'device_seconds,wan_bytes,storage_gb_months,entries,left_seconds',
    )
    expect(first).toBe(`ada,vision,8,${8 / 0.14},0.8,8,0,0,0,0,0,0,0,0,0,0,0`)
    expect(second).toMatch(/^,"'=cmd\(""x""\), y",2,/)
    expect(end).toBe('')
  })
})

test('where GPUs were shared, groups tell how much of one was used on average', () => {
  const shared = { totalUsd: 3, computeUsd: 3, deviceSeconds: 600, leftSeconds: 1400 }
  const whole = { totalUsd: 1, computeUsd: 1, deviceSeconds: 100 }
  const costs = someCosts({
    groupBy: ['device'],
    groups: [
      { key: ['nvidia-t4'], amounts: shared, share: 0.75 },
      { key: ['cpu'], amounts: whole, share: 0.25 },
    ],
    total: { totalUsd: 4, computeUsd: 4, deviceSeconds: 700, leftSeconds: 1400 },
  })
  const text = renderCosts(costs, style)
  expect(text).toMatch(/^DEVICE .* DEVICE-SECONDS +SHARE OF GPU +SENT$/m)
  expect(text).toMatch(/^nvidia-t4 .* 600 +0\.30 +0 B$/m)
  expect(text).toMatch(/^cpu .* 100 +- +0 B$/m)
  expect(renderCosts(someCosts(), style)).not.toContain('SHARE OF GPU')
})

test('nothing used is said in one line', () => {
  const nothing = someCosts({
    groups: [],
    jobs: [],
    jobsTotal: 0,
    total: {},
    linkMonths: [],
    catalogues: [],
    comparisons: [],
  })
  expect(renderCosts(nothing, style)).toBe('$0.00 for 0 jobs, to 2026-11-03 11:00:00Z')
})

describe('money', () => {
  test('without a rate, or with a wrong one, is USD', () => {
    expect(moneyIn(null).format(1.5)).toBe('$1.50')
    expect(moneyIn({ currency: 'CNY', usd: 0, catalogVersion: '', day: '' }).currency).toBe('USD')
    const yuan = moneyIn({ currency: 'CNY', usd: 0.125, catalogVersion: 'c', day: '2026-11-01' })
    expect(yuan.format(0.001)).toBe('0.00800 CNY')
    expect(yuan.rateText).toBe('1 CNY = 0.125 USD, the rate of 2026-11-01 in catalogue c')
  })
})

describe('times', () => {
  test.each([
    ['30d', startMs - 30 * 86_400_000],
    ['2w', startMs - 14 * 86_400_000],
    ['90m', startMs - 5_400_000],
    ['2026-11-01', Date.UTC(2026, 10, 1)],
    ['2026-11-01T08:30Z', Date.UTC(2026, 10, 1, 8, 30)],
    ['999999w', 1],
  ])('%s', (given, atMs) => {
    expect(parseTime('--since', given, startMs)).toBe(atMs)
  })

  test.each(['', 'yesterday', '30', '-3d', '2026-13-01', '1.5h', '2026-11-01T08:30'])('not %s', (given) => {
    expect(() => parseTime('--since', given, startMs)).toThrow(expect.objectContaining({ kind: 'invalid' }) as Error)
  })
})
