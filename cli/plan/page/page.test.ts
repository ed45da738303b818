import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PlanJobResponse, PlanJobResponse__Output } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { planAnswer, type PlanAnswer } from '../answer.ts'
import { readPlanAssets, renderPlanPage } from './page.ts'
import { placeLabels, type Label } from './place-labels.ts'
import { middleLongitude, worldMap } from './world-map.ts'

const assets = await readPlanAssets()

function anAnswer(fields: PlanJobResponse = {}, rename: (text: string) => string = (text) => text): PlanAnswer {
  const partition = (region: string, dataRegions: string[]): object => ({
    region,
    place: region,
    samples: 100,
    dataRegions,
    allocations: [{ deviceModel: 'nvidia-t4', market: 'spot', units: 2, usdPerUnitHour: 0.2 }],
  })
  const forecast = {
    seconds: 60,
    computeUsd: 1,
    egressUsd: 0.5,
    totalUsd: 1.5,
    wanBytes: 3e9,
    throughputSource: 'measured',
  }
  const given: PlanJobResponse = {
    plan: {
      outcome: 'PLAN_OUTCOME_PLACED',
      policy: 'least-cost',
      catalogVersion: '2026-11',
      catalogHash: 'ab'.repeat(32),
      partitions: [
        partition('aws/us-east-1', ['aws/us-east-1', 'aws/sa-east-1']),
        partition('onprem/lab', ['onprem/lab']),
      ],
      movements: [{ fromRegion: 'aws/sa-east-1', toRegion: 'aws/us-east-1', bytes: 2e9, seconds: 5, usd: 0.3 }],
      reasons: [
        { region: 'aws/us-east-1', chosen: true, rule: 'keeps-up', text: 'aws/us-east-1 takes 2' },
        { region: 'aws/eu-west-1', chosen: false, rule: 'not-better', text: 'aws/eu-west-1 would cost more' },
      ],
      forecast,
      forecastUseEverything: { ...forecast, totalUsd: 3 },
      bound: { atLeast: 1.49, gap: 0.004 },
    },
    linkUses: [
      {
        fromRegion: 'aws/sa-east-1',
        toRegion: 'aws/us-east-1',
        purpose: 'data',
        bytes: 2e9,
        usd: 0.3,
        mbitPerSecond: 3000,
      },
      {
        fromRegion: 'aws/us-east-1',
        toRegion: 'onprem/lab',
        purpose: 'sync',
        bytes: 1e9,
        usd: 0.1,
        mbitPerSecond: 100,
      },
    ],
    sites: [
      { region: 'aws/us-east-1', latitude: 39, longitude: -77.5 },
      { region: 'aws/sa-east-1', latitude: -23.5, longitude: -46.6 },
      { region: 'aws/eu-west-1', latitude: 53.3, longitude: -6.3 },
    ],
    input: { spec: { name: 'images' }, decidedAtMs: Date.UTC(2026, 10, 22), capacity: [{ region: 'aws/us-west-2' }] },
    ...fields,
  }
  const wire = messageDefinition<PlanJobResponse, PlanJobResponse__Output>('cloudless.v1.PlanJobResponse')
  const renamed = JSON.parse(JSON.stringify(given), (_key, value: unknown) =>
    typeof value === 'string' && !value.startsWith('PLAN_') ? rename(value) : value,
  ) as PlanJobResponse
  return planAnswer(wire.deserialize(wire.serialize(renamed)))
}

describe('the page of a plan', () => {
  test('shows what runs where, what is moved, what crosses the WAN, why, and what it was decided on', () => {
    const page = renderPlanPage(anAnswer(), [], assets)
    for (const text of [
      '<title>Plan of images: placed</title>',
      'At most 0.4 % above the best possible',
      '2 × nvidia-t4@spot',
      'aws/eu-west-1 would cost more',
      '2.00 GB, $0.300',
      'ab'.repeat(32),
      'Decided at 2026-11-22',
      'place unknown',
    ])
      expect(page).toContain(text)
    const circles = (role: string): number =>
      page.match(new RegExp(`<circle class="${role}" cx="[^"]*" cy="[^"]*" r="\\d+">\\s*<title>`, 'g'))?.length ?? 0
    expect(['trains', 'sends-data', 'refused', 'idle'].map(circles)).toEqual([2, 1, 1, 1])
    expect(page.match(/<path class="arc (sync|data)"\s+d="M/g)).toHaveLength(2)
    expect(page).not.toContain('NaN')
  })

  test('loads nothing, runs nothing, and lets only its own style in', () => {
    const page = renderPlanPage(anAnswer(), [], assets)
    expect(page.replace(assets.style, '')).not.toMatch(/\b(src|href)=|@import|https?:\/\/|<script/)
    const digest = createHash('sha256').update(assets.style).digest('base64')
    expect(page).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${digest}&#39;`)
    expect(page.length).toBeLessThan(250_000)
  })

  test('names for readers without eyes: language, one heading, a described map, tables with heads', () => {
    const page = renderPlanPage(anAnswer(), [], assets)
    expect(page).toContain('<html lang="en">')
    expect(page.match(/<h1/g)).toHaveLength(1)
    expect(page).toMatch(
      /role="img"\s+aria-label="Map: aws\/us-east-1, onprem\/lab train; data is moved from 1 more; 2 links are used/,
    )
    expect(page).toMatch(/<th scope="col"/)
  })

  test('of what-ifs shows what differs', () => {
    const { plan } = anAnswer()
    const page = renderPlanPage(anAnswer({ without: { ...plan, policy: 'load-power' } }), ['a price x2'], assets)
    expect(page).toContain('What if a price x2?')
    expect(page).toContain('load-power')
  })

  test('that could not be placed says why, on a map of what there is', () => {
    const reasons = [{ region: 'onprem/lab', rule: 'no-agent', text: 'onprem/lab has no agent yet' }]
    const page = renderPlanPage(
      anAnswer({ plan: { outcome: 'PLAN_OUTCOME_WAITING', reasons }, linkUses: [] }),
      [],
      assets,
    )
    expect(page).toContain('Nothing would run now')
    expect(page).toContain('onprem/lab has no agent yet')
    expect(page).not.toContain('NaN')
  })

  test('shows hostile names as text, wherever they stand', () => {
    const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    const page = renderPlanPage(
      anAnswer({}, (text) => `${text}${hostile}`),
      [hostile],
      assets,
    )
    expect(page).not.toMatch(/<script|<img/)
    expect(page).toContain('&lt;script&gt;alert(1)')
  })
})

describe('the map', () => {
  const site = fc.record({
    latitude: fc.double({ min: -80, max: 80, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  })
  const size = { width: 1160, height: 560 }

  test('has every place inside, also when all are one', () => {
    fc.assert(
      fc.property(fc.array(site, { minLength: 1, maxLength: 12 }), (sites) => {
        const { place } = worldMap(sites, assets.land, size)
        for (const { x, y } of sites.map(place)) {
          expect(x).toBeGreaterThanOrEqual(0)
          expect(x).toBeLessThanOrEqual(size.width)
          expect(y).toBeGreaterThanOrEqual(0)
          expect(y).toBeLessThanOrEqual(size.height)
        }
      }),
      { numRuns: 40 },
    )
  })

  test('is turned so that neighbours across the date line are near', () => {
    const at = (longitude: number) => ({ latitude: 0, longitude })
    expect(Math.abs(middleLongitude([at(170), at(-170)]))).toBeCloseTo(180, 9)
    expect(middleLongitude([at(-10), at(20)])).toBeCloseTo(5, 9)
    expect(middleLongitude([at(42)])).toBeCloseTo(42, 9)
  })

  test('names do not cover each other unless they must be there', () => {
    const label = fc.record({
      text: fc.string({ minLength: 1, maxLength: 20 }),
      at: fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 300 }) }),
      distance: fc.constant(8),
      isNeeded: fc.constant(false),
    })
    fc.assert(
      fc.property(fc.array(label, { maxLength: 30 }), (labels: readonly Label[]) => {
        const placed = placeLabels(labels, [], { width: 400, height: 300 }).flatMap((each) =>
          each === null ? [] : [each],
        )
        const boxes = placed.map(({ text, x, y, anchor }) => {
          const width = text.length * 6.5
          const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
          return { left, right: left + width, top: y - 11, bottom: y + 3 }
        })
        const covers = boxes.flatMap((a, i) =>
          boxes
            .slice(i + 1)
            .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom),
        )
        expect(covers).toEqual([])
      }),
    )
    const crowd = Array.from({ length: 40 }, (): Label => ({
      text: 'aws/us-east-1',
      at: { x: 50, y: 50 },
      distance: 8,
      isNeeded: true,
    }))
    expect(placeLabels(crowd, [], { width: 400, height: 300 })).not.toContain(null)
  })
})
