import { describe, expect, test } from 'vitest'
import { chooseInstance, type RunningInstance, type StageAhead } from './choose-instance.ts'

const instance = (id: string, requestMilli: number, inFlight = 0): RunningInstance => ({
  id,
  inFlight,
  inFlightMax: 4,
  deviceModel: 'T4',
  shape: { smMilli: 0, requestMilli, limitMilli: requestMilli },
})
/** Half the device takes a little less than twice as long, so small ones are cheaper. */
const stage = (...instances: RunningInstance[]): StageAhead => ({
  instances,
  latency: (_model, batch, { requestMilli }) => (40 + 10 * batch) * (1000 / requestMilli) ** 0.8,
  queued: 0,
  batchMax: 4,
})
const both = stage(instance('large', 1000), instance('small', 250))

describe('the instance for a stage', () => {
  test('a small one where there is time, a large one where there is not', () => {
    // 50 ms on the large, 152 on the small.
    expect(chooseInstance([both], 200)!.instanceId).toBe('small')
    expect(chooseInstance([both], 100)!.instanceId).toBe('large')
  })

  test('who is late anyway takes the cheapest, and leaves the large one to those who are not; as published it takes the quickest', () => {
    expect(chooseInstance([both], 10)!).toEqual({
      instanceId: 'small',
      because: 'warm small: the path ends in 152 of 10 ms, which is late',
    })
    expect(chooseInstance([both], 10, 'fastest')!).toEqual({
      instanceId: 'large',
      because: 'warm large: the path ends in 50 of 10 ms, which is late',
    })
  })

  test('the nearer to saturation, the less is paid for being in time', () => {
    // A request alone costs 50 on the large one and 38 on the small one: 1.32 times as much.
    const used = (large: number, small: number): StageAhead => ({
      ...stage(instance('large', 1000, large), instance('small', 250, small)),
      batchMax: 1,
    })
    expect(chooseInstance([used(2, 2)], 100)!.instanceId).toBe('large')
    expect(chooseInstance([used(3, 3)], 100)!.instanceId).toBe('large')
    const crowded = { ...used(0, 0), instances: [instance('large', 1000, 19), instance('small', 250, 19)] }
    const wide = { ...crowded, instances: crowded.instances.map((one) => ({ ...one, inFlightMax: 20 })) }
    expect(chooseInstance([wide], 1_000)!.instanceId).toBe('small')
    expect(chooseInstance([wide], 100)!.instanceId).toBe('small')
    expect(chooseInstance([wide], 100, 'fastest')!.instanceId).toBe('large')
  })

  test('stages of a group are weighed against each other', () => {
    // The small one takes 152 ms; then there is time for the second on a large one, in a batch of four.
    expect(chooseInstance([both, both], 235)!.instanceId).toBe('small')
    expect(chooseInstance([both, both], 195)!.instanceId).toBe('large')
    expect(chooseInstance([both, both], 500)!.instanceId).toBe('small')
  })

  test('one that is busy is passed over where waiting would be too late', () => {
    const busy = stage(instance('large', 1000), instance('small-1', 250, 3), instance('small-2', 250, 2))
    expect(chooseInstance([busy], 160)!.instanceId).toBe('large')
    expect(chooseInstance([busy], 400)!.instanceId).toBe('small-2')
    const full = stage(instance('large', 1000), instance('small', 250, 4))
    expect(chooseInstance([full], 1_000)!.instanceId).toBe('large')
  })

  test('nothing is chosen where all are alike or nobody has measured', () => {
    expect(chooseInstance([stage(instance('a', 500), instance('b', 500))], 100)).toBeNull()
    expect(chooseInstance([{ ...both, latency: () => null }], 100)).toBeNull()
    expect(chooseInstance([], 100)).toBeNull()
    // A later stage that nobody has measured says nothing about this one.
    expect(chooseInstance([both, { ...both, latency: () => null }], 200)!.instanceId).toBe('small')
  })
})
