import { describe, expect, test } from 'vitest'
import { aJobCost, manyJobs, someCosts } from '../render/costs.fixture.ts'
import { renderCostPage } from './cost-page.ts'
import { readAssets } from './page/page.ts'

const assets = await readAssets()

/** The page without what we put in ourselves. */
function ownText(page: string): string {
  return [assets.style, ...assets.scripts].reduce((text, asset) => text.replace(asset, ''), page)
}

describe('the page of costs', () => {
  test('of one job holds total, curves, groups, forecast, other ways and links', () => {
    const page = ownText(renderCostPage(someCosts(), assets))
    for (const text of [
      '<title>Cost of fashion-mnist</title>',
      '<code>j-4k2m9x7p</code>, auto, succeeded after 2 h 0 min, owner ada',
      'id="chart-cost"',
      'At the end: total 10 USD, aws/us-east-1 7.5 USD, onprem/lab 2.5 USD.',
      'Forecast and what came',
      'one region, aws/us-east-1 (not allowed)',
      'ASGD every step: not known, nothing is known of the model’s size.',
      '48.7 Mbit/s',
      'width="33.33"',
    ])
      expect(page.replace(/\s+/g, ' ')).toContain(text)
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import|https?:\/\//)
  })

  test('of many jobs names them, what is left out and what is missing', () => {
    const page = ownText(renderCostPage(someCosts(manyJobs), assets))
    for (const text of [
      'Cost of 60 jobs',
      '58 more are in the total',
      'Missing, and in no sum',
      '2 more are not shown',
      'CNY',
    ])
      expect(page).toContain(text)
  })

  test('shows what others chose as text, and has no script without a curve', () => {
    const hostile = '</script><script>alert(1)</script>"\'&'
    const costs = someCosts({
      points: [],
      groupBy: [`label:${hostile}`],
      groups: [{ key: [hostile], amounts: { totalUsd: 1 }, share: 1 }],
      jobs: [
        {
          ...aJobCost,
          name: hostile,
          owner: hostile,
          jobId: hostile,
          counterfactuals: [{ name: hostile, text: hostile }],
        },
      ],
    })
    const page = renderCostPage(costs, assets)
    expect(page).not.toContain('<script')
    expect(page).toContain('&lt;script&gt;alert(1)')
    const drawn = ownText(renderCostPage(someCosts({ groups: [{ key: [hostile], share: 1 }] }), assets))
    expect(drawn.match(/<script[ >]/g)).toHaveLength(1 + assets.scripts.length)
  })

  test('of nothing says so', () => {
    const nothing = someCosts({
      groups: [],
      jobs: [],
      jobsTotal: 0,
      total: {},
      linkMonths: [],
      points: [],
      comparisons: [],
    })
    expect(renderCostPage(nothing, assets)).toContain('Nothing was used.')
  })
})
