import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limitArea } from '#physical-plane/gpu-sharing/area.ts'
import { placementNames, type PlacementName } from '#physical-plane/gpu-sharing/placement/placement-names.ts'
import { placementPolicyOf } from '#physical-plane/gpu-sharing/placement/policies.ts'
import type { Slice } from '#physical-plane/runtime/runtime.ts'
import type { Device, Sharing } from './devices.ts'
import { GpuTable, type ShareAsk } from './gpu-table.ts'
import { SliceTable } from './slices.ts'

const gib = 2 ** 30

function aGpu(id: string, over: Partial<Device> = {}): Device {
  return { id, model: 'nvidia-t4', units: 1, memoryBytes: 16 * gib, sharing: 'interposer', ...over }
}

function ask(requestMilli: number, over: Partial<ShareAsk['share']> & Partial<ShareAsk> = {}): ShareAsk {
  const { limitMilli = requestMilli, memoryBytes = 0, ...rest } = over
  return { kind: 'training', functionId: 'j-1', ...rest, share: { requestMilli, limitMilli, memoryBytes } }
}

describe('GpuTable', () => {
  test('shares on parts of the multiprocessors fit by what they take of the whole', () => {
    const table = new GpuTable([aGpu('a')])
    const onPart = (smMilli: number, requestMilli: number, limitMilli: number): ShareAsk => {
      const whole = ask(requestMilli, { limitMilli })
      return { ...whole, kind: 'inference', share: { ...whole.share, smMilli } }
    }
    const load = [
      ...['r1', 'r2', 'r3', 'r4'].map((holder) => [holder, onPart(120, 400, 600)] as const),
      ...['n1', 'n2'].map((holder) => [holder, onPart(240, 400, 600)] as const),
      ...['b1', 'b2'].map((holder) => [holder, onPart(500, 600, 700)] as const),
    ]
    for (const [holder, wanted] of load)
      expect(table.takeShares(holder, 'nvidia-t4', 1, wanted)).toEqual([
        { deviceId: 'a', deviceModel: 'nvidia-t4', units: 1, share: wanted.share },
      ])
    expect(table.left('a')).toMatchObject({ requestMilli: 16, limitMilli: 1500 - 1276 })
    expect(table.takeShares('b3', 'nvidia-t4', 1, onPart(500, 600, 700))).toBeNull()
    table.release('b1')
    // Two units of one GPU lie side by side.
    expect(table.takeShares('two', 'nvidia-t4', 2, onPart(120, 600, 700))).toMatchObject([
      { units: 2, share: { requestMilli: 600, limitMilli: 700, smMilli: 240 } },
    ])
  })

  test.each(['placement', 'complementary', 'rectangles'] as const)(
    "FaST-GShare's eight pods are on one of several GPUs by %s, in whatever order they come",
    (name) => {
      const onPart = (smMilli: number, requestMilli: number): ShareAsk => {
        const whole = ask(requestMilli, { memoryBytes: 1.5 * gib })
        return { ...whole, kind: 'inference', functionId: `f-${smMilli}`, share: { ...whole.share, smMilli } }
      }
      const pods = [[120, 400, 4] as const, [240, 400, 2] as const, [500, 600, 2] as const].flatMap(
        ([smMilli, requestMilli, count]) => Array.from({ length: count }, () => onPart(smMilli, requestMilli)),
      )
      fc.assert(
        fc.property(fc.shuffledSubarray(pods, { minLength: pods.length }), (ordered) => {
          const table = new GpuTable(
            ['a', 'b', 'c', 'd'].map((id) => aGpu(id)),
            placementPolicyOf(name),
          )
          const used = ordered.map((pod, at) => table.takeShares(`p-${at}`, 'nvidia-t4', 1, pod)?.[0]?.deviceId)
          expect(new Set(used)).toEqual(new Set(['a']))
        }),
        { numRuns: 50 },
      )
    },
  )

  test('HAS-GPU keeps rows where FaST-GShare packs rectangles', () => {
    const onPart = (smMilli: number, requestMilli: number): ShareAsk => {
      const whole = ask(requestMilli)
      return { ...whole, kind: 'inference', share: { ...whole.share, smMilli } }
    }
    const placedBy = (name: PlacementName): readonly string[] => {
      const table = new GpuTable([aGpu('a'), aGpu('b')], placementPolicyOf(name))
      const load = [onPart(300, 700), onPart(300, 700), onPart(400, 500)]
      return load.map((wanted, at) => table.takeShares(`p-${at}`, 'nvidia-t4', 1, wanted)![0]!.deviceId)
    }
    expect(placedBy('rectangles')).toEqual(['a', 'a', 'a'])
    expect(placedBy('rows')).toEqual(['a', 'b', 'a'])
  })

  test('exclusive gives a share a GPU of its own, of which it keeps what it asked for', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')], placementPolicyOf('exclusive'))
    const half = { requestMilli: 500, limitMilli: 500, memoryBytes: 0 }
    expect(table.takeShares('one', 'nvidia-t4', 1, ask(500))).toMatchObject([{ deviceId: 'a', share: half }])
    // Units of one instance are nobody else's.
    expect(table.takeShares('two', 'nvidia-t4', 2, ask(100))).toMatchObject([{ deviceId: 'b', units: 2 }])
    expect(table.takeShares('three', 'nvidia-t4', 1, ask(100))).toBeNull()
    table.release('one')
    expect(table.takeWhole('four', 'nvidia-t4', 1)).toMatchObject([{ deviceId: 'a' }])
  })

  test('limit-packing lets nobody hope for more than there is, and hands out whole GPUs all the same', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')], placementPolicyOf('limit-packing'))
    expect(table.takeShares('one', 'nvidia-t4', 1, ask(200, { limitMilli: 600 }))).toMatchObject([
      { deviceId: 'a', share: { requestMilli: 200, limitMilli: 600 } },
    ])
    expect(table.takeShares('two', 'nvidia-t4', 1, ask(200, { limitMilli: 600 }))).toMatchObject([{ deviceId: 'b' }])
    expect(table.takeShares('three', 'nvidia-t4', 1, ask(200, { limitMilli: 600 }))).toBeNull()
    table.release('two')
    expect(table.takeWhole('whole', 'nvidia-t4', 1)).toMatchObject([{ deviceId: 'b' }])
  })

  test('under another policy everybody stays where they are and keeps what they have, and nothing is oversold', () => {
    const wanted = fc.record({
      requestMilli: fc.integer({ min: 1, max: 600 }),
      more: fc.integer({ min: 0, max: 400 }),
      smMilli: fc.constantFrom(0, 0, 120, 240, 500),
      memoryGib: fc.integer({ min: 0, max: 6 }),
      kind: fc.constantFrom('training', 'inference', 'llm-inference'),
      units: fc.constantFrom(1, 1, 1, 2),
    })
    const askOf = ({
      requestMilli,
      more,
      smMilli,
      memoryGib,
      kind,
    }: typeof wanted extends fc.Arbitrary<infer W> ? W : never) => {
      const limitMilli = Math.min(1_000, requestMilli + more)
      const whole = ask(requestMilli, { limitMilli, memoryBytes: memoryGib * gib, kind })
      return smMilli === 0 ? whole : { ...whole, share: { ...whole.share, smMilli } }
    }
    const gpus = ['a', 'b', 'c'].map((id) => aGpu(id))
    fc.assert(
      fc.property(
        fc.array(wanted, { maxLength: 15 }),
        fc.array(wanted, { maxLength: 5 }),
        fc.constantFrom(...placementNames),
        fc.constantFrom(...placementNames),
        fc.boolean(),
        (before, after, first, second, takesWhole) => {
          const table = new GpuTable(gpus, placementPolicyOf(first))
          if (takesWhole) table.takeWhole('whole', 'nvidia-t4', 1)
          const held = before.flatMap((each, at) => {
            const asked = askOf(each)
            const slices = table.takeShares(`h-${at}`, 'nvidia-t4', each.units, asked)
            return slices === null ? [] : [{ holder: `h-${at}`, slices, asked }]
          })
          const next = new GpuTable(gpus, placementPolicyOf(second))
          // Runs are found in the order of their folders' names, not in that in which they came.
          for (const { holder, slices, asked } of held.toReversed())
            expect(next.claim(holder, slices, asked)).toBe(true)
          next.update(gpus)
          const more = after.flatMap((each, at) => {
            return next.takeShares(`n-${at}`, 'nvidia-t4', each.units, askOf(each)) ?? []
          })
          for (const { id } of gpus) {
            const left = next.left(id)!
            expect(Math.min(left.requestMilli, left.limitMilli, left.memoryBytes)).toBeGreaterThanOrEqual(0)
            const on = [...held.flatMap(({ slices }) => slices), ...more].filter(({ deviceId }) => deviceId === id)
            expect(on.reduce((sum, { share }) => sum + limitArea(share!), 0)).toBeLessThanOrEqual(1_500)
            expect(next.holdersOf(id)).toEqual(
              expect.arrayContaining(
                held.filter(({ slices }) => slices.some(({ deviceId }) => deviceId === id)).map(({ holder }) => holder),
              ),
            )
          }
        },
      ),
    )
  })

  test('shares are packed on the tightest GPU, and a whole one is never beside them', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')])
    const half = { requestMilli: 500, limitMilli: 700, memoryBytes: 0 }
    expect(table.takeShares('one', 'nvidia-t4', 1, ask(500, { limitMilli: 700 }))).toEqual([
      { deviceId: 'a', deviceModel: 'nvidia-t4', units: 1, share: half },
    ])
    expect(table.takeWhole('two', 'nvidia-t4', 1)).toEqual([{ deviceId: 'b', deviceModel: 'nvidia-t4', units: 1 }])
    expect(table.takeShares('three', 'nvidia-t4', 1, ask(500))).toMatchObject([{ deviceId: 'a' }])
    expect(table.takeShares('four', 'nvidia-t4', 1, ask(1))).toBeNull()
    expect(table.takeWhole('five', 'nvidia-t4', 1)).toBeNull()
    table.release('two')
    expect(table.freeWhole('nvidia-t4')).toBe(1)
    expect(table.takeShares('four', 'nvidia-t4', 1, ask(1))).toMatchObject([{ deviceId: 'b' }])
    expect(table.takeWhole('five', 'nvidia-t4', 1)).toBeNull()
  })

  test('a share changes on its own GPU where that fits beside the others, and not at all otherwise', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')])
    table.takeShares('one', 'nvidia-t4', 1, ask(300, { limitMilli: 600, memoryBytes: gib }))
    table.takeShares('two', 'nvidia-t4', 1, ask(300, { limitMilli: 600, memoryBytes: gib }))
    const [before] = [table.left('a')]
    expect(table.reshape('one', ask(800, { limitMilli: 900 }))).toBeNull()
    expect(table.left('a')).toEqual(before)
    expect(table.reshape('two', ask(100, { limitMilli: 200 }))).toMatchObject([{ deviceId: 'a' }])
    const grown = { requestMilli: 800, limitMilli: 900, memoryBytes: gib }
    expect(table.reshape('one', ask(800, { limitMilli: 900 }))).toEqual([
      { deviceId: 'a', deviceModel: 'nvidia-t4', units: 1, share: grown },
    ])
    expect(table.left('a')).toMatchObject({ requestMilli: 100, limitMilli: 400 })
    table.release('one')
    expect(table.left('a')).toMatchObject({ requestMilli: 900, limitMilli: 1300 })
    table.takeWhole('whole', 'nvidia-t4', 1)
    expect(table.reshape('whole', ask(500))).toBeNull()
    expect(table.reshape('nobody', ask(500))).toBeNull()
  })

  test('GPUs that can not be shared are handed out whole, first of all', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b', { sharing: 'whole' })])
    expect(table.takeWhole('one', 'nvidia-t4', 1)).toMatchObject([{ deviceId: 'b' }])
    expect(table.takeWhole('two', 'nvidia-t4', 2)).toBeNull()
    expect(table.left('b')).toBeNull()
    expect(new GpuTable([aGpu('b', { sharing: 'whole' })]).takeShares('x', 'nvidia-t4', 1, ask(1))).toBeNull()
  })

  test('a MIG slice is a device of its own: it goes whole to who names it, and nobody has a share of it', () => {
    const slice = { model: 'nvidia-a100-mig-3g.20gb', sharing: 'whole', wholeBecause: 'it is a MIG device' } as const
    const table = new SliceTable([aGpu('MIG-1', slice), aGpu('MIG-2', slice)])
    expect(table.take('one', slice.model, 1)).toMatchObject([{ deviceId: 'MIG-1', units: 1 }])
    expect(table.take('two', slice.model, 1, ask(100))).toBeNull()
    expect(table.refusal('two', slice.model, ask(100))).toMatch(/MIG-1 is handed out whole: it is a MIG device/)
    expect(table.take('three', 'nvidia-a100', 1)).toBeNull()
  })

  test('who answers token by token is on the tightest GPU in use, else on an empty one, and never split over several', () => {
    const llm = (memoryBytes: number) => ask(300, { kind: 'llm-inference', functionId: 'f-1', memoryBytes })
    const table = new GpuTable([aGpu('a'), aGpu('b'), aGpu('c')])
    table.takeShares('x', 'nvidia-t4', 1, ask(600, { memoryBytes: 8 * gib }))
    table.takeShares('y', 'nvidia-t4', 1, ask(600, { memoryBytes: 9 * gib }))
    expect(table.takeShares('one', 'nvidia-t4', 1, llm(7 * gib))).toMatchObject([{ deviceId: 'b' }])
    // a and b together would have had the memory for it.
    expect(table.takeShares('two', 'nvidia-t4', 1, llm(10 * gib))).toMatchObject([{ deviceId: 'c' }])
    expect(table.takeShares('three', 'nvidia-t4', 1, llm(9 * gib))).toBeNull()
  })

  test('several units are on as many GPUs, and share some where there are fewer', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')])
    const placed = table.takeShares('one', 'nvidia-t4', 2, ask(300, { limitMilli: 600, memoryBytes: gib }))
    expect(placed).toMatchObject([
      { deviceId: 'a', units: 1 },
      { deviceId: 'b', units: 1 },
    ])
    table.release('one')
    expect(table.takeShares('one', 'nvidia-t4', 5, ask(300, { limitMilli: 400, memoryBytes: gib }))).toEqual([
      {
        deviceId: 'a',
        deviceModel: 'nvidia-t4',
        units: 3,
        share: { requestMilli: 900, limitMilli: 1_000, memoryBytes: 3 * gib },
      },
      {
        deviceId: 'b',
        deviceModel: 'nvidia-t4',
        units: 2,
        share: { requestMilli: 600, limitMilli: 800, memoryBytes: 2 * gib },
      },
    ])
    table.release('one')
    expect(table.takeShares('one', 'nvidia-t4', 7, ask(300))).toBeNull()
  })

  test('a GPU that is gone gives nothing, keeps what is held of it until that is released, and may come back', () => {
    const table = new GpuTable([aGpu('a')])
    table.takeShares('one', 'nvidia-t4', 1, ask(600))
    table.update([])
    expect(table.takeShares('two', 'nvidia-t4', 1, ask(100))).toBeNull()
    table.update([aGpu('a')])
    expect(table.left('a')).toMatchObject({ requestMilli: 400 })
    table.update([])
    table.release('one')
    table.update([aGpu('a')])
    expect(table.left('a')).toMatchObject({ requestMilli: 1_000, limitMilli: 1_500, memoryBytes: 16 * gib })
  })

  test('an adopted run keeps its share, unless the GPU is gone, another or without the room', () => {
    const slice = (deviceId: string, requestMilli: number) => ({
      deviceId,
      deviceModel: 'nvidia-t4',
      units: 1,
      share: { requestMilli, limitMilli: requestMilli, memoryBytes: 0 },
    })
    const table = new GpuTable([aGpu('a')])
    expect(table.claim('x', [slice('a', 600)], ask(600))).toBe(true)
    expect(table.claim('y', [slice('a', 600)], ask(600))).toBe(false)
    expect(table.claim('y', [slice('gone', 100)], ask(100))).toBe(false)
    expect(table.claim('y', [{ ...slice('a', 100), deviceModel: 'nvidia-a100' }], null)).toBe(false)
    expect(table.claim('y', [{ deviceId: 'a', deviceModel: 'nvidia-t4', units: 1 }], null)).toBe(false)
    expect(table.claim('y', [slice('a', 0)], null)).toBe(false)
    expect(table.claim('y', [slice('a', 200), slice('a', 200)], null)).toBe(false)
    expect(table.claim('y', [], null)).toBe(false)
    expect(table.claim('y', [slice('a', 400)], null)).toBe(true)
  })

  test('no history of shares, whole GPUs and GPUs that come and go oversells one', () => {
    const step = fc.record({
      holder: fc.nat(5),
      act: fc.constantFrom('share', 'share', 'whole', 'release', 'devices'),
      requestMilli: fc.integer({ min: 1, max: 1_000 }),
      more: fc.integer({ min: 0, max: 300 }),
      memoryGib: fc.integer({ min: 0, max: 17 }),
      units: fc.integer({ min: 1, max: 3 }),
      present: fc.subarray(['a', 'b', 'c', 'd']),
    })
    const sharingOf = (id: string): Sharing => (id === 'd' ? 'whole' : 'interposer')
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let present = ['a', 'b', 'c', 'd']
        const gpus = () => present.map((id) => aGpu(id, { sharing: sharingOf(id) }))
        const table = new SliceTable(gpus())
        const held = new Map<string, readonly Slice[]>()
        const given: { units: number; slices: readonly Slice[]; present: readonly string[] }[] = []
        for (const { holder, act, requestMilli, more, memoryGib, units, present: next } of steps) {
          const name = `h${holder}`
          if (act === 'devices') {
            present = next
            table.update(gpus())
          } else if (act === 'release' || held.has(name)) {
            table.release(name)
            held.delete(name)
          } else {
            const limitMilli = Math.min(1_000, requestMilli + more)
            const wanted = act === 'share' ? ask(requestMilli, { limitMilli, memoryBytes: memoryGib * gib }) : null
            const slices = table.take(name, 'nvidia-t4', units, wanted)
            if (slices !== null) held.set(name, slices)
            if (slices !== null) given.push({ units, slices, present })
          }
          for (const id of ['a', 'b', 'c', 'd']) {
            const on = [...held.values()].flat().filter(({ deviceId }) => deviceId === id)
            const whole = on.filter(({ share }) => share === undefined).length
            expect(whole === 0 || on.length === 1).toBe(true)
            const sums = on.reduce(
              (sum, { share }) => ({
                request: sum.request + (share?.requestMilli ?? 0),
                limit: sum.limit + (share?.limitMilli ?? 0),
                memory: sum.memory + (share?.memoryBytes ?? 0),
              }),
              { request: 0, limit: 0, memory: 0 },
            )
            expect(sums.request <= 1_000 && sums.limit <= 1_500 && sums.memory <= 16 * gib).toBe(true)
          }
        }
        for (const each of given) {
          expect(each.slices.reduce((sum, slice) => sum + slice.units, 0)).toBe(each.units)
          expect(each.slices.filter(({ deviceId }) => !each.present.includes(deviceId))).toEqual([])
        }
      }),
    )
  })
})

describe('what is said of shares', () => {
  test('what is left of each GPU, the one with most to guarantee first', () => {
    const table = new SliceTable([aGpu('a'), aGpu('b'), aGpu('c'), aGpu('d')])
    table.take('one', 'nvidia-t4', 1, ask(900, { limitMilli: 1_000, memoryBytes: 4 * gib }))
    expect(table.describe('nvidia-t4', ask(1))).toBe(
      'b has 1 to guarantee, 1.5 of limits and 16.0 GiB left; c has 1 to guarantee, 1.5 of limits and 16.0 GiB left; ' +
        'd has 1 to guarantee, 1.5 of limits and 16.0 GiB left; 1 more have less',
    )
    expect(table.describe('nvidia-t4')).toBe('3 of 4 units of nvidia-t4 are free')
    table.update([])
    expect(table.describe('nvidia-t4', ask(1))).toBe('no nvidia-t4 is here now')
  })

  test.each([
    ['nvidia-t4', ask(1_001), /j\/w asks for 1\.001 of one nvidia-t4 with a limit of 1\.001: gpu_share needs/],
    [
      'nvidia-h100',
      ask(500),
      /j\/w asks for 0\.5 of one nvidia-h100, and this agent has none; it has nvidia-a100, nvidia-t4/,
    ],
    [
      'nvidia-t4',
      ask(500, { memoryBytes: 20 * gib }),
      /with 20\.0 GiB, and a has 16\.0 GiB; lower gpu_share\.memory_gib/,
    ],
    ['nvidia-a100', ask(500), /and b is handed out whole: no C compiler; ask for whole GPUs/],
  ])('a share of %s that will never be found is refused, naming instance and device', (model, wanted, message) => {
    const whole = { model: 'nvidia-a100', sharing: 'whole', wholeBecause: 'no C compiler' } as const
    const table = new SliceTable([aGpu('a'), aGpu('b', whole)])
    expect(table.refusal('j/w', model, wanted)).toMatch(message)
  })

  test('what may come free, or come back, is waited for', () => {
    const table = new SliceTable([aGpu('a')])
    table.take('one', 'nvidia-t4', 1, ask(900))
    expect(table.refusal('two', 'nvidia-t4', ask(500))).toBeNull()
    table.update([])
    expect(table.refusal('two', 'nvidia-t4', ask(500))).toBeNull()
    expect(table.refusal('two', 'nvidia-t4', null)).toBeNull()
  })
})
