// What an agent's scaler wishes for a function's instances, as it is granted: by the arithmetic that plans go by, so that no GPU is oversold.
import { array, assert as check, integer, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aCatalogue, aFunction, anAgent, anInferenceSpec, anInstance, aSnapshot } from './model/builders.ts'
import type { Serving, Wish } from './model/inference.ts'
import type { Instance } from './model/snapshot.ts'
import { reconcileFunctions } from './reconciler/functions.ts'
import { functionRoom } from './scheduler/function-room.ts'

const serving: Serving = {
  isReady: true,
  requests: 0,
  errors: 0,
  overSlo: 0,
  requestsPerSecond: 0,
  latencyMs: 0,
  queued: 0,
  capacityPerSecond: 0,
}

describe('what its agent wishes', () => {
  const share = { requestMilli: 300, limitMilli: 600, memoryBytes: 4e9 }
  const gpu = (id: string, fields: Partial<Instance> = {}): Instance => ({
    ...anInstance({ id: `f-1/a/${id}`, jobId: 'f-1', region: 'a', role: 'inference', functionVersion: 1 }),
    deviceModel: 't4',
    gpuShare: share,
    deviceId: 'gpu-0',
    usdPerUnitHour: 0.3,
    ...fields,
  })

  /** On one GPU, by the arithmetic that plans go by. */
  function decide(instances: readonly Instance[], wanted: number, wish: Partial<Wish>) {
    const wishes = { a: { shares: {}, added: [], removed: [], because: 'load doubled', ...wish } }
    const spec = anInferenceSpec({ gpuShare: share, instancesMax: 5, regions: ['a'], deviceModels: ['t4'] })
    const sharing = 'interposer' as const
    const agent = anAgent('a', {})
    const device = { id: 'gpu-0', model: 't4', units: 1, memoryBytes: 16e9, sharing }
    const plain = { market: 'on-demand' as const, zone: '', instanceType: '', endsAtMs: null }
    const snapshot = aSnapshot({
      catalogue: aCatalogue({ a: { t4: 1 } }),
      agents: [{ ...agent, devices: [{ ...device, ...plain }] }],
      functions: [aFunction({ spec, places: ['a'], wanted: { a: wanted }, wishes, nextInstance: 5 })],
      instances,
    })
    return reconcileFunctions(snapshot, functionRoom(snapshot))
  }

  test('another share is given where the GPU has it, at its price', () => {
    const { resized, events } = decide([gpu('0')], 1, {
      shares: { 'f-1/a/0': { ...share, requestMilli: 600, limitMilli: 900 } },
    })
    expect(resized).toEqual([
      { id: 'f-1/a/0', gpuShare: { requestMilli: 600, limitMilli: 900, memoryBytes: 4e9 }, usdPerUnitHour: 0.6 },
    ])
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'resized',
        instanceId: 'f-1/a/0',
        text: expect.stringContaining('load doubled'),
      }),
    )
  })

  test('a GPU is never oversold: what does not fit beside the others stays as it is', () => {
    const grown = { ...share, requestMilli: 800, limitMilli: 900 }
    expect(decide([gpu('0'), gpu('1')], 2, { shares: { 'f-1/a/0': grown, 'f-1/a/1': share } }).resized).toBeUndefined()
  })

  test('what shrinks makes room for what grows', () => {
    const shares = {
      'f-1/a/0': { ...share, requestMilli: 800, limitMilli: 900 },
      'f-1/a/1': { ...share, requestMilli: 200, limitMilli: 400 },
    }
    expect(decide([gpu('0'), gpu('1')], 2, { shares }).resized).toHaveLength(2)
  })

  test('one that begins has the share that is wished for it, also when some have begun since', () => {
    const added = [
      { ...share, requestMilli: 100, limitMilli: 200, memoryBytes: 0 },
      { ...share, requestMilli: 50, limitMilli: 100, memoryBytes: 0 },
    ]
    const wish = { shares: { 'f-1/a/0': share }, added }
    expect(decide([gpu('0')], 3, wish).newInstances.map(({ gpuShare }) => gpuShare)).toEqual([
      { requestMilli: 100, limitMilli: 200, memoryBytes: 4e9 },
      { requestMilli: 50, limitMilli: 100, memoryBytes: 4e9 },
    ])
    const begun = gpu('1', { gpuShare: { requestMilli: 100, limitMilli: 200, memoryBytes: 4e9 }, state: 'planned' })
    expect(decide([gpu('0'), begun], 3, wish).newInstances.map(({ gpuShare }) => gpuShare?.requestMilli)).toEqual([50])
  })

  test('one that begins has the multiprocessors that are wished for it, at the price of both; one that runs keeps its own', () => {
    const part = { requestMilli: 400, limitMilli: 600, memoryBytes: 0, smMilli: 240 }
    const before = { ...share, smMilli: 500 }
    const { newInstances, resized } = decide([gpu('0', { gpuShare: before, usdPerUnitHour: 0.15 })], 2, {
      shares: { 'f-1/a/0': part },
      added: [part],
    })
    expect(newInstances).toMatchObject([{ gpuShare: { ...part, memoryBytes: 4e9 }, usdPerUnitHour: 0.096 }])
    expect(resized).toEqual([
      { id: 'f-1/a/0', gpuShare: { ...before, requestMilli: 400, limitMilli: 600 }, usdPerUnitHour: 0.2 },
    ])
  })

  test('other multiprocessors alone are no change of one that runs', () => {
    const wish = { shares: { 'f-1/a/0': { ...share, smMilli: 240 } } }
    expect(decide([gpu('0')], 1, wish).resized).toBeUndefined()
  })

  test('who is not wished for goes, though it is warmer', () => {
    const warm = { state: 'running' as const, endpoint: 'x', serving }
    const { releasedInstanceIds } = decide([gpu('0', warm), gpu('1')], 1, {
      shares: { 'f-1/a/1': share },
      removed: ['f-1/a/0'],
    })
    expect(releasedInstanceIds).toEqual(['f-1/a/0'])
  })

  test('whatever is wished for, requests and limits on a GPU stay within it', () => {
    const some = record({ requestMilli: integer({ min: 1, max: 1000 }), more: nat(999) })
    check(
      property(array(some, { minLength: 3, maxLength: 3 }), integer({ min: 0, max: 5 }), (drawn, wanted) => {
        const shares = drawn.map(({ requestMilli, more }) => {
          return { requestMilli, limitMilli: Math.min(1000, requestMilli + more), memoryBytes: 0 }
        })
        const instances = [gpu('0'), gpu('1')]
        const { resized = [], newInstances } = decide(instances, wanted, {
          shares: { 'f-1/a/0': shares[0]!, 'f-1/a/1': shares[1]! },
          added: [shares[2]!],
        })
        const after = instances.map(({ id }) => resized.find((one) => one.id === id)?.gpuShare ?? share)
        const held = [...after, ...newInstances.map(({ gpuShare }) => gpuShare!)]
        expect(held.reduce((sum, { requestMilli }) => sum + requestMilli, 0)).toBeLessThanOrEqual(1000)
        expect(held.reduce((sum, { limitMilli }) => sum + limitMilli, 0)).toBeLessThanOrEqual(1500)
        expect(held.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)).toBeLessThanOrEqual(16e9)
      }),
    )
  })
})
