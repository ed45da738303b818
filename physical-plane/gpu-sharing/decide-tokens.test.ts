import { expect, test } from 'vitest'
import { sharingConfig } from './config.ts'
import { decideByTokens } from './decide-tokens.ts'
import { emptyMemory, type DeviceMemory, type ProcessProgress } from './device-state.ts'
import type { SharedInstance } from './gpu-sharing.ts'
import { decodeSlot, layoutConstants, type Order, type SlotReading } from './layout.ts'
import { progress } from './readings.ts'

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

  constructor(...instances: SharedInstance[]) {
    this.instances = instances
    this.#readings = instances.map(() => nothing)
    this.#before = instances.map(() => nothing)
  }

  set(slot: number, change: Partial<SlotReading>): void {
    this.#readings[slot] = { ...this.#readings[slot]!, ...change }
  }

  tick(afterMs: number): void {
    this.nowNs += afterMs * ms
    const processes = this.instances.map(({ instanceId }, slot): ProcessProgress => {
      const step = progress(this.#before[slot]!, this.#readings[slot]!, this.nowNs, afterMs * ms)
      this.#before[slot] = this.#readings[slot]!
      return { slot, claimId: `${slot}`, instanceId, progress: step }
    })
    const { nowNs, instances, memory } = this
    const snapshot = { nowNs, elapsedNs: afterMs * ms, instances, processes, latencies: new Map() }
    const decision = decideByTokens(memory, snapshot, sharingConfig)
    this.memory = decision.memory
    this.orders = decision.orders
  }

  /** How long from now on each may launch, in ms. */
  open(): readonly number[] {
    return this.instances.map((_, slot) =>
      Math.max(0, ((this.orders.get(slot)!.windows[0]?.untilNs ?? 0) - this.nowNs) / ms),
    )
  }
}

const waiting = { isWaiting: true }

test('whoever waits gets a token as long as its request of the window; its order ends by itself', () => {
  const device = new Device(instance('a', 400, 800, 600), instance('b', 300, 600, 400))
  device.set(0, waiting)
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()).toEqual([16, 12])
  expect(device.orders.get(0)).toMatchObject({ mode: 'window', grantedNs: 16 * ms, tokenUs: 16_000, bubbleUs: 0 })
  expect(device.memory.instances.get('a')!.reason).toBe(
    '400 to 800 of the time on 600 of the multiprocessors: holds them for 16.0 ms more, had 0.0 of the last 40 ms; has no objective',
  )
})

test('who does not fit waits; who is out is told before others are let in', () => {
  const device = new Device(instance('a', 400, 1000, 600), instance('b', 300, 1000, 600))
  device.set(0, waiting)
  device.tick(2)
  device.set(0, { isWaiting: false, isBusy: true, spentNs: 15 * ms, launches: 3 })
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()).toEqual([14, 0])
  expect(device.memory.instances.get('b')!.reason).toContain('waits')
  device.tick(14)
  expect(device.open()).toEqual([0, 12])
  expect([...device.orders.keys()]).toEqual([0, 1])
})

test('a holder that is idle gives its token back, and its part is free', () => {
  const device = new Device(instance('a', 400, 1000, 600), instance('b', 300, 1000, 600))
  device.set(0, waiting)
  device.tick(2)
  device.set(0, { isWaiting: false, isBusy: false, launches: 1, spentNs: 1 * ms, idleSinceNs: device.nowNs + 1 * ms })
  device.set(1, waiting)
  device.tick(2)
  expect(device.open()[1]).toBe(0)
  device.tick(2)
  expect(device.open()).toEqual([0, 12])
})

test('what is charged beyond a token is paid back before the next', () => {
  const device = new Device(instance('a', 100, 200, 600))
  device.set(0, waiting)
  device.tick(2)
  // One launch of 24 ms in a token of 4: at a limit of a fifth, 20 ms take 100.
  device.set(0, { isWaiting: false, isBusy: true, launches: 1, spentNs: 24 * ms })
  device.tick(4)
  device.set(0, { isWaiting: true })
  device.tick(90)
  expect(device.open()).toEqual([0])
  device.tick(11)
  expect(device.open()).toEqual([4])
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
