import { describe, expect, test } from 'vitest'
import { sharingConfig } from './config.ts'
import { decide } from './decide.ts'
import { emptyMemory, type DeviceMemory, type DeviceSnapshot, type ProcessProgress } from './device-state.ts'
import type { LatencySample, SharedInstance } from './gpu-sharing.ts'
import { decodeSlot, layoutConstants, type Order, type SlotReading } from './layout.ts'
import { progress } from './readings.ts'

const nothing = decodeSlot(Buffer.alloc(layoutConstants.slotBytes), 0)
const serving: SharedInstance = {
  instanceId: 'serve',
  tag: 1n,
  deviceId: 'GPU-1',
  role: 'protected',
  work: 'inference',
  isTokenByToken: false,
  share: { requestMilli: 300, limitMilli: 600, memoryBytes: 0 },
  objective: { latencyMs: 20, percentile: 99 },
  latency: null,
}
const training: SharedInstance = {
  ...serving,
  instanceId: 'train',
  tag: 2n,
  role: 'confined',
  work: 'training',
  share: { requestMilli: 400, limitMilli: 900, memoryBytes: 0 },
  objective: null,
}

/** A device whose processes are what the test says they are. */
class Device {
  memory: DeviceMemory = emptyMemory
  orders: ReadonlyMap<number, Order> = new Map()
  nowNs = 1e9
  readonly #instances: readonly SharedInstance[]
  readonly #readings: SlotReading[]
  readonly #before: SlotReading[]
  latency: { readonly sample: LatencySample; readonly ageMs: number } | null = null

  constructor(...instances: SharedInstance[]) {
    this.#instances = instances
    this.#readings = instances.map(() => nothing)
    this.#before = instances.map(() => nothing)
  }

  set(slot: number, change: Partial<SlotReading>): void {
    this.#readings[slot] = { ...this.#readings[slot]!, ...change }
  }

  reading(slot: number): SlotReading {
    return this.#readings[slot]!
  }

  tick(ms = 5): void {
    this.nowNs += ms * 1e6
    const processes = this.#instances.map((instance, slot): ProcessProgress => {
      const step = progress(this.#before[slot]!, this.#readings[slot]!, this.nowNs, ms * 1e6)
      this.#before[slot] = this.#readings[slot]!
      return { slot, claimId: `${slot}`, instanceId: instance.instanceId, progress: step }
    })
    const latencies: DeviceSnapshot['latencies'] = new Map(this.latency === null ? [] : [['serve', this.latency]])
    const snapshot = { nowNs: this.nowNs, elapsedNs: ms * 1e6, instances: this.#instances, processes, latencies }
    const decision = decide(this.memory, snapshot, sharingConfig)
    this.memory = decision.memory
    this.orders = decision.orders
  }
}

/** Training that takes what it can, a request every tick that takes `us`. */
function run(device: Device, ticks: number, us: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    const { cycles, spentNs, launches } = device.reading(0)
    const cycleUs = [...device.reading(0).cycleUs]
    cycleUs[cycles % 4] = us
    const lastLaunchNs = device.nowNs
    device.set(0, { cycles: cycles + 1, cycleUs, spentNs: spentNs + 1e6, launches: launches + 5, lastLaunchNs })
    const train = device.reading(1)
    device.set(1, { isBusy: true, lastLaunchNs, launches: train.launches + 1, spentNs: train.spentNs + 3e6 })
    device.tick()
  }
}

describe('vertical scaling', () => {
  test('an objective in danger cuts the training to its request, and gives the requests what that frees', () => {
    const device = new Device(serving, training)
    run(device, 100, 2000)
    expect(device.memory.instances.get('train')).toMatchObject({ quotaMilli: 900, state: 'RECOVERY' })
    expect(device.memory.instances.get('serve')!.quotaMilli).toBe(300)
    for (let revision = 1; revision < 8; revision++) {
      device.latency = { sample: { latencyMs: 30, requests: 50, revision }, ageMs: 0 }
      run(device, 20, 2000)
    }
    const train = device.memory.instances.get('train')!
    expect(train).toMatchObject({ quotaMilli: 400, state: 'EMERGENCY' })
    expect(train.reason).toMatch(/^quota 400 of 400 to 900: serve: p99 30.0 of 20 ms; yields to serve/)
    expect(device.memory.instances.get('serve')!.quotaMilli).toBe(600)
    // Over its objective with all there is to have: more instances are needed.
    const { exhaustedSinceNs } = device.memory.instances.get('serve')!
    expect(exhaustedSinceNs).toBeGreaterThan(0)
    expect(exhaustedSinceNs).toBeLessThan(device.nowNs)
    device.latency = { sample: { latencyMs: 8, requests: 50, revision: 9 }, ageMs: 0 }
    run(device, 60, 2000)
    expect(device.memory.instances.get('train')!.quotaMilli).toBe(900)
    expect(device.memory.instances.get('serve')!.exhaustedSinceNs).toBe(0)
  })

  test('without requests the training has its limit within half a second', () => {
    const device = new Device({ ...serving, objective: null }, training)
    run(device, 60, 2000)
    run(device, 40, 8000)
    expect(device.memory.level.level).toBeLessThan(0.5)
    for (let tick = 0; tick < 102; tick++) {
      device.set(1, { lastLaunchNs: device.nowNs })
      device.tick()
    }
    expect(device.memory.instances.get('train')).toMatchObject({ quotaMilli: 900, state: '' })
  })

  test('a training that waits and has less than its request yields to nobody until it has it', () => {
    const device = new Device(serving, training)
    let mostTicks = 0
    let shut = 0
    for (let tick = 0; tick < 1000; tick++) {
      // Requests without an end: the barrier alone would never open.
      device.set(0, { isBusy: true, lastLaunchNs: device.nowNs, launches: tick + 1, queueUs: 2 ** 32 - 1 })
      const isShut = (device.orders.get(1)?.yieldsTo ?? []).length > 0
      const { spentNs, waitedNs } = device.reading(1)
      device.set(1, {
        isBusy: true,
        isWaiting: true,
        lastLaunchNs: device.nowNs,
        launches: 1,
        spentNs: spentNs + (isShut ? 0 : 4e6),
        waitedNs: waitedNs + (isShut ? 5e6 : 0),
      })
      shut = isShut ? shut + 1 : 0
      mostTicks = Math.max(mostTicks, shut)
      device.tick()
    }
    // Over the last seconds it had its 0.4 of the device, and never waited for much more than a second.
    const { account } = device.memory.instances.get('train')!
    expect(account.usedNs / (device.nowNs - account.sinceNs)).toBeGreaterThan(0.3)
    expect(mostTicks * 5).toBeLessThan(1300)
  })
})

test('a training whose own host is late does not starve: requests are not made to wait for it', () => {
  const device = new Device(serving, training)
  for (let tick = 0; tick < 400; tick++) {
    device.set(0, { isBusy: tick % 4 === 0, lastLaunchNs: device.nowNs, launches: tick + 1 })
    // Less than its request, waiting at every look for a piece of its own work to end; requests hold it back for a tenth of the time.
    const { spentNs, waitedNs } = device.reading(1)
    device.set(1, {
      isBusy: true,
      isWaiting: true,
      lastLaunchNs: device.nowNs,
      launches: tick + 1,
      spentNs: spentNs + 1e6,
      waitedNs: waitedNs + 5e5,
    })
    device.tick()
    expect(device.orders.get(1)!.yieldsTo).toEqual([0])
  }
})

test('a training held by its own tokens is not starved: it yields as before', () => {
  const device = new Device(serving, training)
  device.tick()
  // More than its quota of two seconds at once.
  device.set(1, { launches: 1, spentNs: 3e9 })
  for (let tick = 0; tick < 300; tick++) {
    device.set(0, { isBusy: true, lastLaunchNs: device.nowNs, launches: tick + 1, queueUs: 2 ** 32 - 1 })
    device.set(1, { isWaiting: true, waitedNs: device.reading(1).waitedNs + 5e6 })
    device.tick()
  }
  expect(device.memory.instances.get('train')!.balanceNs).toBeLessThan(0)
  expect(device.orders.get(1)!.yieldsTo).toEqual([0])
})

describe('a training that comes first', () => {
  const primary: SharedInstance = {
    ...training,
    role: 'protected',
    share: { requestMilli: 900, limitMilli: 1000, memoryBytes: 0 },
  }
  const filler: SharedInstance = {
    ...serving,
    instanceId: 'fill',
    role: 'confined',
    objective: null,
    share: { requestMilli: 0, limitMilli: 500, memoryBytes: 0 },
  }

  test('its bubbles are filled after it has been measured alone, and what is filled is told', () => {
    const device = new Device(primary, filler)
    const seen: { mode: string; state: string; openUntilNs: number; isBusy: boolean }[] = []
    for (let iteration = 0; iteration < 40; iteration++) {
      const startNs = device.nowNs
      device.set(0, {
        launches: iteration + 1,
        isBusy: true,
        busySinceNs: startNs,
        lastLaunchNs: startNs,
        idleSinceNs: 0,
        queueUs: 2 ** 32 - 1,
      })
      for (let tick = 0; tick < 12; tick++) {
        device.tick()
        seen.push({ ...device.orders.get(1)!, state: device.memory.instances.get('fill')!.state, isBusy: true })
      }
      device.set(0, { isBusy: false, idleSinceNs: device.nowNs, cycles: iteration + 1, hostGapNs: 15e6, queueUs: 0 })
      for (let tick = 0; tick < 3; tick++) {
        const { spentNs } = device.reading(1)
        const order = device.orders.get(1)!
        if (order.mode !== 'stop')
          device.set(1, { isBusy: true, launches: 1, lastLaunchNs: device.nowNs, spentNs: spentNs + 4.5e6 })
        device.tick()
        seen.push({ ...device.orders.get(1)!, state: device.memory.instances.get('fill')!.state, isBusy: false })
      }
    }
    expect(seen.slice(0, 60).every(({ mode }) => mode === 'stop')).toBe(true)
    const later = seen.slice(150)
    expect(later.every(({ mode }) => mode === 'tokens')).toBe(true)
    expect(later.every(({ isBusy, openUntilNs }) => isBusy || openUntilNs > 0)).toBe(true)
    expect(new Set(later.map(({ state }) => state))).toEqual(new Set(['BUSY', 'OPEN']))
    const { account, reason } = device.memory.instances.get('fill')!
    expect(account.bubbleNs / 1e9).toBeCloseTo(0.6, 1)
    expect(account.filledNs / account.bubbleNs).toBeGreaterThan(0.7)
    expect(reason).toContain('15.0 ms expected')
    expect(device.orders.get(0)).toMatchObject({ yieldsTo: [], segmentsMax: 0, segmentUs: 1000 })
  })
})
