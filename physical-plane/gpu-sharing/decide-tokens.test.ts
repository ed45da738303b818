import { array, assert, boolean, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { sharingConfig } from './config.ts'
import { decideByTokens } from './decide-tokens.ts'
import { emptyMemory, type DeviceMemory, type ProcessProgress } from './device-state.ts'
import type { SharedInstance } from './gpu-sharing.ts'
import { decodeSlot, layoutConstants, type Order, type SlotReading } from './layout.ts'
import { progress } from './readings.ts'
import { inSafeOrder } from './safe-order.ts'

const nothing = decodeSlot(Buffer.alloc(layoutConstants.slotBytes), 0)
const ms = 1e6

function instance(instanceId: string, requestMilli: number, limitMilli: number, smMilli: number): SharedInstance {
  return {
    instanceId,
    tag: BigInt(instanceId.length),
    deviceId: 'GPU-1',
    role: 'confined',
    work: 'inference',
    isTokenByToken: false,
    share: { requestMilli, limitMilli, memoryBytes: 0, smMilli },
    objective: null,
    latency: null,
  }
}

/** A device with one process for each instance. */
class Device {
  memory: DeviceMemory = emptyMemory
  orders: ReadonlyMap<number, Order> = new Map()
  nowNs = 1e9
  instances: SharedInstance[]
  readonly #readings: SlotReading[]
  readonly #before: SlotReading[]
  readonly #dead = new Set<number>()

  constructor(...instances: SharedInstance[]) {
    this.instances = instances
    this.#readings = instances.map(() => nothing)
    this.#before = instances.map(() => nothing)
  }

  set(slot: number, change: Partial<SlotReading>): void {
    this.#readings[slot] = { ...this.#readings[slot]!, ...change }
  }

  launch(slot: number, costNs: number): void {
    const { spentNs, launches } = this.#readings[slot]!
    const queueUs = Math.ceil(costNs / 1000)
    const done = { spentNs: spentNs + costNs, launches: launches + 1 }
    this.set(slot, { ...done, isBusy: true, isWaiting: false, lastLaunchNs: this.nowNs, queueUs })
  }

  die(slot: number): number {
    this.#dead.add(slot)
    return slot
  }

  tick(afterMs: number): void {
    this.nowNs += afterMs * ms
    const processes = this.instances.flatMap(({ instanceId }, slot): ProcessProgress[] => {
      if (this.#dead.has(slot)) return []
      const step = progress(this.#before[slot]!, this.#readings[slot]!, this.nowNs, afterMs * ms)
      this.#before[slot] = this.#readings[slot]!
      return [{ slot, claimId: `${slot}`, instanceId, progress: step }]
    })
    const { nowNs, instances, memory } = this
    const snapshot = { nowNs, elapsedNs: afterMs * ms, instances, processes, latencies: new Map() }
    const decision = decideByTokens(memory, snapshot, sharingConfig)
    this.memory = decision.memory
    this.orders = decision.orders
  }

  /** How long from now on each may launch, in ms. */
  open(): readonly number[] {
    return this.instances.map((_, slot) => {
      const [first] = this.orders.get(slot)!.windows
      return first === undefined || first.fromNs > this.nowNs ? 0 : (first.untilNs - this.nowNs) / ms
    })
  }
}

const waiting = { isWaiting: true }

test('whoever waits gets a token as long as its request of the window; its order ends by itself', () => {
  const device = new Device(instance('a', 400, 800, 600), instance('b', 300, 600, 400))
  device.set(0, waiting)
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()).toEqual([16, 12])
  expect(device.orders.get(0)).toMatchObject({ mode: 'window', grantedNs: 32 * ms, tokenUs: 16_000, bubbleUs: 0 })
  expect(device.memory.instances.get('a')!.reason).toBe(
    '400 to 800 of the time on 600 of the multiprocessors: holds them for 16.0 ms more, had 0.0 of the last 40 ms; has no objective',
  )
})

test('who does not fit waits, and knows how long', () => {
  const device = new Device(instance('a', 400, 1000, 600), instance('b', 300, 1000, 600))
  device.set(0, waiting)
  device.tick(2)
  device.set(0, { isWaiting: false, isBusy: true, spentNs: 15 * ms, launches: 3 })
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()).toEqual([14, 0])
  // It is told when its turn is: no tick is needed at that time.
  expect(device.orders.get(1)!.windows[0]).toEqual({ fromNs: device.nowNs + 14 * ms, untilNs: device.nowNs + 26 * ms })
  expect(device.memory.instances.get('b')!.reason).toContain('has its turn in 14.0 ms')
  device.tick(14)
  expect(device.open()).toEqual([0, 12])
})

test('a holder that is idle gives its token back, and its part is free', () => {
  const device = new Device(instance('a', 400, 1000, 600), instance('b', 300, 1000, 600))
  device.set(0, waiting)
  device.tick(2)
  const idleSinceNs = device.nowNs + 1 * ms
  device.set(0, { isWaiting: false, launches: 1, lastLaunchNs: device.nowNs, spentNs: 1 * ms, idleSinceNs })
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()[1]).toBe(0)
  device.tick(2)
  expect(device.open()).toEqual([0, 12])
  // It pays for the millisecond that it worked in, not for those that it was waited for.
  expect(device.memory.instances.get('a')!.reason).toContain('had 1.0 of the last 40 ms')
})

test('on an idle device a function with an objective is open before it asks, and pays for nothing; others wake for a tick', () => {
  const serving = { ...instance('s', 300, 600, 600), role: 'protected' as const }
  const device = new Device({ ...serving, objective: { latencyMs: 20, percentile: 99 } }, instance('t', 400, 800, 600))
  for (let tick = 0; tick < 20; tick++) {
    device.tick(10)
    expect(device.open()[0]).toBeGreaterThanOrEqual(10)
    expect(device.open()[1]).toBe(0)
  }
  expect(device.memory.instances.get('s')!.reason).toContain('had 0.0 of the last 40 ms')
  device.set(1, waiting)
  device.tick(10)
  expect(device.open()[0]).toBe(0)
  expect(device.open()[1]).toBeGreaterThan(0)
})

test('what is charged beyond a token is paid back before the next', () => {
  const device = new Device(instance('a', 100, 200, 600))
  device.set(0, waiting)
  device.tick(2)
  expect(device.open()).toEqual([4])
  // One launch of 24 ms in tokens of 8: at a limit of a fifth, 16 ms take 80.
  device.set(0, { isWaiting: false, isBusy: true, launches: 1, spentNs: 24 * ms, lastLaunchNs: device.nowNs })
  device.tick(4)
  device.tick(4)
  expect(device.open()).toEqual([0])
  device.set(0, { isWaiting: true, isBusy: false })
  device.tick(79)
  expect(device.open()).toEqual([0])
  device.tick(2)
  expect(device.open()).toEqual([4])
})

test('a little more than a token is set off against the next', () => {
  const device = new Device(instance('a', 100, 100, 600))
  device.set(0, waiting)
  device.tick(2)
  device.set(0, { isWaiting: false, isBusy: true, launches: 9, spentNs: 4.5 * ms, lastLaunchNs: device.nowNs })
  device.tick(4)
  device.set(0, { isWaiting: true, isBusy: false })
  device.tick(36)
  expect(device.open()).toEqual([4])
  expect(device.orders.get(0)!.grantedNs).toBe(8 * ms)
})

test('use is of the whole device: time, times the part it was spent on', () => {
  const device = new Device(instance('a', 400, 800, 250))
  device.set(0, waiting)
  device.tick(2)
  device.set(0, { spentNs: 8 * ms, launches: 2 })
  device.tick(2)
  expect(device.memory.instances.get('a')!.account.usedNs).toBe(2 * ms)
})

test('one that is gone leaves its part to others at the next tick', () => {
  const device = new Device(instance('a', 900, 1000, 1000), instance('b', 100, 1000, 1000))
  device.set(0, waiting)
  device.tick(2)
  expect(device.open()).toEqual([36, 0])
  device.instances = [instance('gone', 900, 1000, 1000), instance('b', 100, 1000, 1000)]
  device.set(0, { isWaiting: false })
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()).toEqual([0, 4])
})

const aDevice = array(
  record({
    requestMilli: integer({ min: 0, max: 1000 }),
    smMilli: integer({ min: 100, max: 1000 }),
    isGuarded: boolean(),
  }),
  { minLength: 2, maxLength: 6 },
)

test('whatever clients do, and however late ticks come: nobody is ever told what another still has', () => {
  assert(
    property(aDevice, integer({ min: 1, max: 2 ** 31 - 2 }), (drawn, seed) => {
      const random = seededRandom(seed)
      const chance = (part: number): boolean => random.next() < part
      const device = new Device(
        ...drawn.map(({ requestMilli, smMilli, isGuarded }, i): SharedInstance => {
          const of = instance(`i${i}`, requestMilli, Math.max(1, requestMilli), smMilli)
          return isGuarded ? { ...of, role: 'protected', objective: { latencyMs: 20, percentile: 99 } } : of
        }),
      )
      // As the interposers read it, after each single order.
      const told = new Map<number, Order>()
      const fitsFromNowOn = (): void => {
        const all = [...told].flatMap(([slot, { windows }]) => windows.map((window) => ({ slot, ...window })))
        for (const { fromNs } of [...all, { fromNs: device.nowNs }]) {
          const atNs = Math.max(fromNs, device.nowNs)
          const open = new Set(all.filter((each) => each.fromNs <= atNs && atNs < each.untilNs).map(({ slot }) => slot))
          const milli = [...open].reduce((sum, slot) => sum + drawn[slot]!.smMilli, 0)
          expect(milli).toBeLessThanOrEqual(1000)
        }
      }
      // A stopped one says for ever what it said last; a dead one is gone.
      const stopped = new Set<number>()
      for (let tick = 0; tick < 60; tick++) {
        for (let slot = 0; slot < drawn.length; slot++) {
          if (stopped.has(slot)) continue
          const drawnOf100 = random.next() * 100
          if (drawnOf100 < 2) stopped.add(slot)
          else if (drawnOf100 < 4) told.delete(device.die(slot))
          else if (drawnOf100 < 33)
            device.set(slot, { isWaiting: chance(0.6), isBusy: chance(0.5), queueUs: 1000 * tick })
          else if (drawnOf100 < 55) device.launch(slot, random.next() * 20 * ms)
        }
        device.tick(chance(0.1) ? 30 * random.next() : 0.5 + 3 * random.next())
        for (const [slot, order] of inSafeOrder((at) => told.get(at) ?? null, device.orders, device.nowNs)) {
          told.set(slot, order)
          fitsFromNowOn()
        }
      }
    }),
    { numRuns: 60 },
  )
})
