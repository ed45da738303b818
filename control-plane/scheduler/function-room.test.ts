import { array, assert as check, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  aCatalogue,
  aFunction,
  anAgent,
  anInferenceSpec,
  anInstance,
  aSnapshot,
} from '#control-plane/model/builders.ts'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Agent, Device, Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { functionRoom } from './function-room.ts'

const catalogue = aCatalogue(
  { a: { cpu: 1, 'nvidia-t4': 10 }, b: { cpu: 2, 'nvidia-t4': 4 }, c: { cpu: 1 } },
  { cpu: 1, 'nvidia-t4': 10 },
)

function gpus(region: string, count: number, sharing: Device['sharing'] | null = 'interposer'): Agent {
  const device = (i: number): Device => ({
    ...anAgent(region, { 'nvidia-t4': 1 }).devices[0]!,
    id: `gpu-${i}`,
    memoryBytes: 16e9,
    ...(sharing === null ? {} : { sharing }),
  })
  return { ...anAgent(region, {}), devices: Array.from({ length: count }, (_, i) => device(i)) }
}

function world(agents: readonly Agent[], instances: readonly Instance[] = []): Snapshot {
  return aSnapshot({ catalogue, agents, functions: [aFunction()], instances })
}

const share = (requestMilli: number, limitMilli = requestMilli): GpuShare => ({
  requestMilli,
  limitMilli,
  memoryBytes: 0,
})

test('memory of a GPU that lies beside all shares is no room for another one', () => {
  const [agent] = [gpus('a', 1)]
  const spec = anInferenceSpec({ deviceModels: ['nvidia-t4'], gpuShare: { ...share(200), memoryBytes: 8e9 } })
  const beside = (besideBytes: number): Agent => ({
    ...agent,
    devices: agent.devices.map((device) => ({ ...device, besideBytes })),
  })
  const { take } = functionRoom(world([beside(1e9)]))
  expect([take(spec, 'a').kind, take(spec, 'a').kind]).toEqual(['taken', 'none'])
  expect(functionRoom(world([beside(99e9)])).take(spec, 'a').kind).toBe('none')
})

describe('MIG slices', () => {
  const cut = aCatalogue({ a: { 'nvidia-a100': 3.5, 'nvidia-t4': 2 } }, { 'nvidia-a100': 70, 'nvidia-t4': 10 })
  const agent = anAgent('a', { 'nvidia-a100-mig-3g.20gb': 2, 'nvidia-a100': 1 })
  const room = () => functionRoom({ ...world([agent]), catalogue: cut })

  test('are devices of their own at their part of the price, and no share is had of them', () => {
    const spec = anInferenceSpec({ deviceModels: ['nvidia-a100-mig-3g.20gb'] })
    const { take } = room()
    const slice = { kind: 'taken', deviceClass: { deviceModel: 'nvidia-a100-mig-3g.20gb' }, usdPerUnitHour: 1.5 }
    expect([take(spec, 'a'), take(spec, 'a')]).toMatchObject([slice, slice])
    expect(take(spec, 'a')).toMatchObject({ kind: 'none', because: 'a has 0 of 2 nvidia-a100-mig-3g.20gb free' })
    expect(room().take({ ...spec, gpuShare: share(200) }, 'a').kind).toBe('none')
  })

  test('are for those who name them: who takes any device has a whole one', () => {
    const { take } = room()
    expect(take(anInferenceSpec(), 'a')).toMatchObject({ deviceClass: { deviceModel: 'nvidia-a100' } })
    expect(take(anInferenceSpec(), 'a').kind).toBe('none')
  })
})

describe('whole units', () => {
  test('the cheapest class with a unit free is taken, until there is none', () => {
    const room = functionRoom(world([anAgent('a', { cpu: 1, 'nvidia-t4': 1 })]))
    const spec = anInferenceSpec()
    expect(room.take(spec, 'a')).toMatchObject({
      kind: 'taken',
      deviceClass: { deviceModel: 'cpu' },
      usdPerUnitHour: 1,
    })
    expect(room.take(spec, 'a')).toMatchObject({ deviceClass: { deviceModel: 'nvidia-t4' }, usdPerUnitHour: 10 })
    expect(room.take(spec, 'a')).toEqual({ kind: 'none', because: 'a has 0 of 1 cpu, 0 of 1 nvidia-t4 free' })
  })

  test('regions with room come cheapest first, of equals by name', () => {
    const agents = ['a', 'b', 'c'].map((region) => anAgent(region, { cpu: 1 }))
    expect(functionRoom(world(agents)).regions(anInferenceSpec())).toEqual(['a', 'c', 'b'])
  })

  test('what instances hold is not free', () => {
    const held = anInstance({ id: 'f-1/a/0', jobId: 'f-1', region: 'a', role: 'inference', units: 1 })
    expect(functionRoom(world([anAgent('a', { cpu: 1 })], [held])).regions(anInferenceSpec())).toEqual([])
  })

  test('why there is none is said', () => {
    const lost = { ...anAgent('b', { cpu: 1 }), isConnected: false }
    const room = functionRoom(world([anAgent('a', { cpu: 1 }), lost]))
    const because = (region: string, spec = anInferenceSpec()) => room.take(spec, region)
    expect(because('b')).toMatchObject({ because: 'b has lost its agent' })
    expect(because('c')).toMatchObject({ because: 'c has no agent yet; start one there' })
    expect(because('z')).toMatchObject({ because: 'region z is not in the catalogue' })
    expect(because('a', anInferenceSpec({ deviceModels: ['nvidia-t4'] }))).toMatchObject({
      because: 'a has no device on demand of nvidia-t4; its agent brings cpu',
    })
  })
})

describe('shares of GPUs', () => {
  const spec = anInferenceSpec({ deviceModels: ['nvidia-t4'], gpuShare: share(400) })

  test('as many are taken as fit, each at its part of the price', () => {
    const room = functionRoom(world([gpus('a', 2)]))
    for (let i = 0; i < 4; i++) expect(room.take(spec, 'a')).toMatchObject({ kind: 'taken', usdPerUnitHour: 4 })
    expect(room.take(spec, 'a')).toEqual({ kind: 'none', because: 'a has 0 of 4 shares of 0.4 nvidia-t4 free' })
  })

  test('GPUs that are handed out whole give none', () => {
    expect(functionRoom(world([gpus('a', 2, null)])).take(spec, 'a')).toEqual({
      kind: 'none',
      because: 'a has no device on demand of nvidia-t4 that takes shares of 0.4; its agent brings nvidia-t4',
    })
  })

  test('a GPU with too little memory gives none, and how much the largest has is said', () => {
    const large = { ...spec, gpuShare: { ...share(400), memoryBytes: 24 * 2 ** 30 } }
    expect(functionRoom(world([gpus('a', 2)])).take(large, 'a')).toEqual({
      kind: 'none',
      because:
        'a has no device on demand of nvidia-t4 that takes shares of 0.4 with 24 GiB; its agent brings nvidia-t4 (14.9 GiB)',
    })
  })

  test('a GPU with shares is not given whole, and the other way round', () => {
    const room = functionRoom(world([gpus('a', 1)]))
    expect(room.take(spec, 'a').kind).toBe('taken')
    expect(room.take(anInferenceSpec({ deviceModels: ['nvidia-t4'] }), 'a').kind).toBe('none')
    const other = functionRoom(world([gpus('a', 1)]))
    expect(other.take(anInferenceSpec({ deviceModels: ['nvidia-t4'] }), 'a').kind).toBe('taken')
    expect(other.take(spec, 'a').kind).toBe('none')
  })

  test('whatever is asked for in turn, no more is promised than there is', () => {
    const asks = array(record({ request: integer({ min: 1, max: 1000 }), whole: integer({ min: 0, max: 5 }) }))
    check(
      property(asks, integer({ min: 1, max: 3 }), (asked, count) => {
        const room = functionRoom(world([gpus('a', count)]))
        let milli = 0
        for (const { request, whole } of asked) {
          const gpuShare = whole === 0 ? null : share(request)
          const taken = room.take(anInferenceSpec({ deviceModels: ['nvidia-t4'], gpuShare }), 'a')
          if (taken.kind === 'taken') milli += gpuShare === null ? 1000 : request
        }
        expect(milli).toBeLessThanOrEqual(1000 * count)
      }),
    )
  })
})
