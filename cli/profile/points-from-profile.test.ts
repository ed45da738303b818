import { describe, expect, test } from 'vitest'
import type { RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { digest, ofSlo, refusalOf, remembered as aProfile, slo } from './remembered.fixture.ts'
import { fileForm, pointsFor, pointsText, type PointsAsked } from './points-from-profile.ts'

const asked: PointsAsked = { path: 'function.yaml', name: 'classify', digest, deviceModels: ['nvidia-t4'], slo }
const point = (batch: number, quotaMilli: number, latencyMs: number) => {
  return { batch, smMilli: 1000, quotaMilli, latencyMs }
}

const points = [point(4, 500, 20), point(1, 500, 6)]
const remembered = (over: Parameters<typeof aProfile>[0] = {}): RememberedProfile => {
  return aProfile({ ...over, profile: { points, ...over.profile } })
}
const refusal = (given: readonly RememberedProfile[], over: Partial<PointsAsked> = {}): string =>
  refusalOf(() => pointsFor({ ...asked, ...over }, given))

describe('the points that stand for auto', () => {
  test('are of this function, bundle, percentile and device models', () => {
    const others = [
      remembered({ function: 'other' }),
      remembered({ digest: 'cd'.repeat(32) }),
      remembered({ deviceModel: 'nvidia-a100' }),
      remembered(ofSlo({ percentile: 95 })),
      remembered(ofSlo({ per: 'token' })),
      remembered({ question: { ...remembered().question, slo: null } }),
      remembered({ profile: { points: [] } }),
    ]
    expect(pointsFor(asked, [...others, remembered(), ...others])).toEqual([
      { deviceModel: 'nvidia-t4', ...point(1, 500, 6) },
      { deviceModel: 'nvidia-t4', ...point(4, 500, 20) },
    ])
    for (const other of others) expect(() => pointsFor(asked, [other])).toThrow(CloudlessError)
  })

  test('are of every objective that was searched for, the newest of each place, whatever the order in the file', () => {
    const later = { atMs: Date.UTC(2026, 11, 1), points: [point(4, 500, 22), point(2, 500, 11)] }
    const two = [remembered({ ...ofSlo({ latencyMs: 60 }), profile: later }), remembered()]
    for (const given of [two, two.toReversed()])
      expect(pointsFor(asked, given).map(({ batch, latencyMs }) => [batch, latencyMs])).toEqual([
        [1, 6],
        [2, 11],
        [4, 22],
      ])
  })

  test('are of all device models where the file leaves them open, and what is not measured is named', () => {
    const both = [remembered(), remembered({ deviceModel: 'nvidia-a100' })]
    const open = pointsFor({ ...asked, deviceModels: [] }, both)
    const [a100, t4] = ['nvidia-a100', 'nvidia-t4']
    expect(open.map(({ deviceModel }) => deviceModel)).toEqual([a100, a100, t4, t4])
    const several = { ...asked, deviceModels: ['cpu', 'nvidia-l4', 'nvidia-t4'] }
    expect(pointsText(several, pointsFor(several, both))).toBe(
      'latencies of classify from its profile: 2 points of nvidia-t4; of nvidia-l4 none, so nothing is foreseen there',
    )
  })

  test('without an objective are those at the 99th percentile of requests', () => {
    expect(pointsFor({ ...asked, slo: null }, [remembered()])).toHaveLength(2)
    expect(refusal([remembered(ofSlo({ percentile: 95 }))], { slo: null })).toContain('--slo MS')
  })

  test('are told as a function file takes them', () => {
    expect(pointsFor(asked, [remembered()]).map(fileForm)[1]).toEqual({
      device_model: 'nvidia-t4',
      batch: 4,
      sm: 1,
      quota: 0.5,
      latency_ms: 20,
    })
  })
})

describe('what nobody measured is refused with the command that measures it', () => {
  test.each<[readonly RememberedProfile[], Partial<PointsAsked>, string]>([
    [
      [],
      {},
      'profile: auto: how long batches of classify take is not measured on nvidia-t4; run `cloudless profile function.yaml --device nvidia-t4` on a machine that has one, or give points',
    ],
    [[], { deviceModels: [] }, 'on any GPU; run `cloudless profile function.yaml` on a machine with the GPU'],
    [[], { deviceModels: ['cpu'] }, 'profile: auto: is of a GPU, and device_models allows cpu only'],
    [
      [remembered({ digest: 'ef'.repeat(32) })],
      {},
      'it was measured on nvidia-t4 and what is in its folder has changed since; run `cloudless profile function.yaml --device nvidia-t4 --anew`',
    ],
    [
      [remembered(ofSlo({ per: 'token' }))],
      {},
      'at the 99th percentile per token, and the file has the 99th percentile per request',
    ],
    [[remembered({ profile: { points: undefined } })], {}, 'on nvidia-t4 before points were kept; run'],
  ])('%#', (given, over, told) => expect(refusal(given, over)).toContain(told))
})
