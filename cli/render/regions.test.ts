import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { ListLinksResponse, ListLinksResponse__Output } from '#proto/generated/cloudless/v1/ListLinksResponse.ts'
import type {
  ListRegionsResponse,
  ListRegionsResponse__Output,
} from '#proto/generated/cloudless/v1/ListRegionsResponse.ts'
import type { ShareRoom } from '#proto/generated/cloudless/v1/ShareRoom.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { renderLinks, renderRegions, shownLinks } from './regions.ts'

const style = pc.createColors(false)

function someRegions(given: ListRegionsResponse): ListRegionsResponse__Output {
  const wire = messageDefinition<ListRegionsResponse, ListRegionsResponse__Output>('cloudless.v1.ListRegionsResponse')
  return wire.deserialize(wire.serialize({ catalogVersion: '2026-11', ...given }))
}

function someLinks(given: ListLinksResponse): ListLinksResponse__Output['links'] {
  const wire = messageDefinition<ListLinksResponse, ListLinksResponse__Output>('cloudless.v1.ListLinksResponse')
  return wire.deserialize(wire.serialize(given)).links
}

const here = (name: string) => ({ name, agentState: 'AGENT_STATE_CONNECTED' as const })
const absent = (name: string) => ({ name, agentState: 'AGENT_STATE_ABSENT' as const })

describe('regions', () => {
  test('those with an agent, with how their devices are bought and what they cost where they are paid', () => {
    const offer = {
      deviceModel: 'nvidia-t4',
      unitsTotal: 8,
      unitsFree: 5,
      market: 'spot',
      zone: 'a',
      lossesPerHour: 0.1,
    }
    const regions = [
      { ...here('tencent/ap-shanghai'), offers: [{ ...offer, usdPerUnitHour: 0.14, perUnitHour: 1, currency: 'CNY' }] },
      absent('aws/us-east-1'),
    ]
    const text = renderRegions(someRegions({ regions }), { isAll: false }, style, 0)
    expect(text).toContain('5/8 nvidia-t4@spot (in a) at $0.140/h (1 CNY), lost every 10 h 0 min')
    expect(text).not.toContain('aws/us-east-1')
    expect(text).toContain('1 more in catalogue 2026-11 without an agent; --all lists them')
    const all = renderRegions(someRegions({ regions }), { isAll: true }, style, 0)
    expect(all).toMatch(/aws\/us-east-1 +absent/)
    expect(all).not.toContain('--all')
  })

  test('what is left of GPUs that are shared, in shares', () => {
    const offer = { deviceModel: 'nvidia-t4', market: 'on-demand', usdPerUnitHour: 0.5, unitsTotal: 3, unitsFree: 1 }
    const textOf = (shares: ShareRoom, unitsFree = 1): string => {
      const regions = [{ ...here('onprem/lab'), offers: [{ ...offer, unitsFree, shares }] }]
      return renderRegions(someRegions({ regions }), { isAll: false }, style, 0)
    }
    expect(textOf({ gpus: 3, leftMilli: 2_250, largestMilli: 1_000 })).toContain(
      '1/3 nvidia-t4 (or 2.25 in shares of up to 1) at $0.500/h',
    )
    expect(textOf({ gpus: 3, leftMilli: 801, largestMilli: 601 }, 0)).toContain('(or 0.801 in shares of up to 0.601)')
    // Nothing is shared, or nothing is left.
    expect(textOf({ gpus: 3, leftMilli: 3_000, largestMilli: 1_000 }, 3)).toContain('3/3 nvidia-t4 at $0.500/h')
    expect(textOf({ gpus: 3 }, 0)).toContain('0/3 nvidia-t4 at $0.500/h')
  })

  test('none with an agent, and prices that are too old, are said', () => {
    const fetchedLayers = [{ id: 'aws', fetchedAtMs: 1_000, isStale: true }]
    const text = renderRegions(
      someRegions({ regions: [absent('a')], fetchedLayers }),
      { isAll: false },
      style,
      7_201_000,
    )
    expect(text).toContain('no region has an agent yet')
    expect(text).toContain('prices of aws are 2 h 0 min old: stale')
  })
})

describe('links', () => {
  test('show both kinds of price and what was measured', () => {
    const text = renderLinks(
      someLinks({
        links: [
          { fromRegion: 'a', toRegion: 'b', mbitPerSecond: 100, roundTripMs: 40, egressUsdPerGb: 0.09 },
          {
            fromRegion: 'b',
            toRegion: 'a',
            egressUsdPerMbitMonth: 12,
            measuredMbitPerSecond: 87.654,
            measuredRoundTripMs: 41,
          },
        ],
      }),
      0,
      style,
    )
    expect(text).toMatch(/a +b +100 +40 ms +\$0\.0900 per GB +-/)
    expect(text).toMatch(/b +a +0 +0 ms +\$12\.00 per Mbit\/s month +87\.7 Mbit\/s, 41 ms/)
  })

  test('of a whole catalogue are those between regions with an agent', () => {
    const names = Array.from({ length: 12 }, (_, i) => `r/${i}`)
    const pairs = names.flatMap((fromRegion) => names.map((toRegion) => ({ fromRegion, toRegion })))
    const links = someLinks({ links: pairs.filter(({ fromRegion, toRegion }) => fromRegion !== toRegion) })
    const { regions } = someRegions({ regions: [here('r/1'), here('r/2'), ...names.slice(3).map(absent)] })
    expect(shownLinks(links, regions, false).map(({ fromRegion, toRegion }) => [fromRegion, toRegion])).toEqual([
      ['r/1', 'r/2'],
      ['r/2', 'r/1'],
    ])
    expect(shownLinks(links, regions, true)).toHaveLength(132)
    expect(shownLinks(links.slice(0, 5), regions, false)).toHaveLength(5)
    expect(renderLinks([], 132, style)).toContain('132 more')
  })
})
