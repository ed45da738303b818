// More than 400 lines, because one driver's whole conduct is told with one set of builders: orders, deaths, files, nonsense, shares.
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Log, LogFields } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { sharingConfig } from './config.ts'
import { DeviceManager, type ManagerDeps } from './device-manager.ts'
import { FakeProcess } from './fake-process.fixture.ts'
import type { SharedInstance } from './gpu-sharing.ts'
import { layoutConstants } from './layout.ts'
import { SharedFile } from './shared-file.ts'

const training: SharedInstance = {
  instanceId: 'train-1',
  tag: 11n,
  deviceId: 'GPU-1',
  role: 'confined',
  work: 'training',
  isTokenByToken: false,
  share: { requestMilli: 400, limitMilli: 900, memoryBytes: 0 },
  objective: null,
  latency: null,
}
const serving: SharedInstance = {
  ...training,
  instanceId: 'serve-1',
  tag: 22n,
  role: 'protected',
  work: 'inference',
  share: { requestMilli: 300, limitMilli: 600, memoryBytes: 1000 },
  objective: { latencyMs: 20, percentile: 99 },
}

let folder: string
let clock: VirtualClock
let told: { fields: LogFields; message: string }[]
/** By pid. */
let alive: Map<number, number>
let tags: Map<number, bigint>
let open: { close(options: { removesFile: boolean }): void }[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-sharing-'))
  clock = new VirtualClock()
  told = []
  alive = new Map()
  tags = new Map()
  open = []
})
afterEach(() => {
  for (const each of open) each.close({ removesFile: true })
  rmSync(folder, { recursive: true, force: true })
})

const nowNs = (): number => 1e9 + clock.monotonicMs() * 1e6

function deps(): ManagerDeps {
  const write = (fields: LogFields, message: string): void => void told.push({ fields, message })
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  const processes = {
    startTicks: (pid: number) => alive.get(pid) ?? null,
    tagOf: (pid: number) => tags.get(pid) ?? null,
  }
  return { clock, monotonicNs: nowNs, processes, log, config: sharingConfig }
}

function overwrite(path: string, at: number, value: number): void {
  const bytes = readFileSync(path)
  bytes.writeUInt32LE(value, at)
  writeFileSync(path, bytes, { flag: 'r+' })
}

function aManager(path = join(folder, 'gpu')): DeviceManager {
  const manager = new DeviceManager({ deviceId: 'GPU-1', memoryBytes: 10_000 }, path, deps())
  open.push(manager)
  return manager
}

function aProcess(path: string, slot: number, tag: bigint, startTicks = 5): FakeProcess {
  const pid = 1000 + slot
  alive.set(pid, startTicks)
  const client = new FakeProcess(path, slot, { pid, startTicks, tag, nowNs: nowNs() })
  open.push(client)
  return client
}

describe('what a process is told', () => {
  test('a confined one yields to the protected, with segments that the objective allows', async () => {
    const manager = aManager()
    manager.register(training)
    manager.register(serving)
    const serve = aProcess(manager.path, 3, 22n)
    const train = aProcess(manager.path, 0, 11n)
    serve.write({ launches: 1, lastLaunchNs: nowNs(), busy: 1 })
    await clock.advance(60)
    expect(train.order()).toMatchObject({
      order: { mode: 'tokens', yieldsTo: [3], segmentsMax: 4, segmentUs: 500, barrierUs: 0, blockMaxUs: 1_000_000 },
    })
    // The sequence is even: nobody is writing.
    expect(train.order()!.sequence % 2).toBe(0)
    expect(serve.order()).toMatchObject({ order: { yieldsTo: [], segmentsMax: 0, memoryLimitBytes: 1000 } })
    const [served, trained] = manager.uses().toSorted((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
    expect([served!.processes, trained!.processes]).toEqual([1, 1])
    expect(trained!.reason).toContain('yields to serve-1')
  })

  test('tokens follow what was spent and never pile up', async () => {
    const manager = aManager()
    manager.register(training)
    const train = aProcess(manager.path, 0, 11n)
    let spentNs = 0
    // It would take all it gets.
    for (let tick = 0; tick < 200; tick++) {
      await clock.advance(5)
      const granted = train.order()!.order.grantedNs
      if (train.order()!.order.mode === 'tokens') spentNs = Math.max(spentNs, granted)
      train.write({ launches: tick + 1, spentNs, lastLaunchNs: nowNs(), busy: 1, isWaiting: 1 })
    }
    const share = spentNs / 1e9
    expect(share).toBeGreaterThan(0.85)
    expect(share).toBeLessThan(0.95)
    // Idle for long: what it finds is a burst, not the time that it slept.
    train.write({ isWaiting: 0, busy: 0, idleSinceNs: nowNs() })
    await clock.advance(5000)
    const { grantedNs } = train.order()!.order
    expect(grantedNs - spentNs).toBeLessThanOrEqual(20e6)
  })

  test('a part of the multiprocessors is by tokens, which end by themselves; without one nobody is', async () => {
    const manager = aManager()
    const part = { ...training, share: { ...training.share, smMilli: 250 } }
    manager.register(part)
    const train = aProcess(manager.path, 0, 11n)
    train.write({ isWaiting: 1 })
    await clock.advance(60)
    const order = train.order()!.order
    expect(order).toMatchObject({ mode: 'window', tokenUs: 16_000 })
    expect((order.windows[0]!.untilNs - nowNs()) / 1e6).toBeGreaterThan(0)
    expect((order.windows[0]!.untilNs - nowNs()) / 1e6).toBeLessThanOrEqual(16 + sharingConfig.window.aheadMs)
    expect(manager.uses()).toMatchObject([{ smMilli: 250, requestMilli: 400 }])
    manager.register(training)
    await clock.advance(60)
    expect(train.order()!.order.mode).toBe('tokens')
  })

  test('processes of one instance share its balance and its memory', async () => {
    const manager = aManager()
    manager.register({ ...serving, share: { ...serving.share, limitMilli: 400 } })
    const [one, two] = [aProcess(manager.path, 0, 22n), aProcess(manager.path, 1, 22n)]
    await clock.advance(60)
    one.write({ memoryBytes: 700, spentNs: 3e9, launches: 1, lastLaunchNs: nowNs() })
    await clock.advance(60)
    expect(two.order()!.order.memoryLimitBytes).toBe(300)
    expect(one.order()!.order.memoryLimitBytes).toBe(1000)
    // In debt together.
    expect(one.order()!.order.grantedNs).toBe(3e9)
    expect(two.order()!.order.grantedNs).toBe(0)
  })

  test('an unknown tag passes and is told of once', async () => {
    const manager = aManager()
    const stranger = aProcess(manager.path, 0, 99n)
    await clock.advance(500)
    expect(stranger.order()).toMatchObject({ sequence: 0, order: { mode: 'pass', yieldsTo: [] } })
    expect(told.filter(({ message }) => message.includes('not believed'))).toHaveLength(1)
    // Registered late, it is taken in.
    manager.register({ ...training, tag: 99n })
    await clock.advance(500)
    expect(stranger.order()!.order.mode).toBe('tokens')
  })

  test('whoever writes the tag of another is not given its share', async () => {
    const manager = aManager()
    manager.register(training)
    tags.set(1000, 5n)
    const thief = aProcess(manager.path, 0, 11n)
    await clock.advance(100)
    expect(manager.uses()[0]!.processes).toBe(0)
    expect(thief.order()!.order.mode).toBe('pass')
    expect(told[0]!.fields['because']).toContain('tag is of train-1')
  })
})

describe('dead processes', () => {
  test('a killed one gives its slot back within some ticks, and its successor is told anew', async () => {
    const manager = aManager()
    manager.register(training)
    const train = aProcess(manager.path, 7, 11n)
    train.write({ launches: 1, busy: 1, lastLaunchNs: nowNs(), spentNs: 5e9 })
    await clock.advance(100)
    const before = train.order()!.sequence
    expect(before).toBeGreaterThan(0)
    alive.delete(train.pid)
    await clock.advance(50)
    expect(train.claim()).toBe(0n)
    // The sequence goes on, so that the next owner does not take it for an old word.
    expect(train.order()!.sequence).toBeGreaterThan(before)
    const next = aProcess(manager.path, 7, 11n)
    await clock.advance(100)
    expect(next.order()!.order.mode).toBe('tokens')
    expect(manager.uses()[0]!.usedSeconds).toBe(0)
  })

  test('a pid that came back is another process', async () => {
    const manager = aManager()
    const old = aProcess(manager.path, 0, 11n, 5)
    alive.set(old.pid, 6)
    await clock.advance(100)
    expect(old.claim()).toBe(0n)
  })

  test('of 200 the dead one is found although the others live', async () => {
    const manager = aManager()
    manager.register(training)
    const all = Array.from({ length: 200 }, (_, slot) => aProcess(manager.path, slot, 11n))
    await clock.advance(100)
    alive.delete(all[150]!.pid)
    await clock.advance(1500)
    expect(all.filter((each) => each.claim() === 0n).map((each) => each.slot)).toEqual([150])
    expect(manager.uses()[0]!.processes).toBe(199)
    const reclaimed = told.filter(({ message }) => message.includes('taken back'))
    expect(reclaimed).toHaveLength(1)
  })
})

describe('the shared file', () => {
  test('a manager after another goes on where it stopped', async () => {
    const first = aManager()
    first.register(training)
    const train = aProcess(first.path, 0, 11n)
    await clock.advance(100)
    const before = train.order()!.sequence
    first.close({ removesFile: false })
    const second = aManager()
    second.register(training)
    await clock.advance(100)
    expect(train.order()!.sequence).toBeGreaterThan(before)
    expect(train.order()!.sequence % 2).toBe(0)
  })

  test('two managers do not hold one device', async () => {
    const first = aManager()
    expect(() => aManager()).toThrow(/another manager holds device GPU-1/)
    // Closed in peace, it need not be waited for.
    first.close({ removesFile: false })
    expect(aManager().path).toBe(first.path)
  })

  test.each([
    ['size is 100 bytes', true, (path: string) => truncateSync(path, 100)],
    ['magic is 0x', true, (path: string) => writeFileSync(path, 'JUNK', { flag: 'r+' })],
    ['version is 1, not 2', true, (path: string) => overwrite(path, 8, 1)],
    ['mode is 0644', true, (path: string) => chmodSync(path, 0o644)],
    ['it has 2 names', true, (path: string) => linkSync(path, `${path}.2`)],
    ['it is a symbolic link', false, (path: string) => symlinkSync('/dev/null', path)],
    ['it cannot be opened (EISDIR)', false, (path: string) => mkdirSync(path)],
  ])('a foreign one is refused: %s', (because, hasManaged, spoil) => {
    const path = join(folder, 'gpu')
    if (hasManaged) aManager(path).close({ removesFile: false })
    spoil(path)
    expect(() => aManager(path)).toThrow(`${path} is not a shared file of this manager: ${because}`)
  })

  test('of a killed manager is taken over when its heartbeat is old', async () => {
    const path = join(folder, 'gpu')
    const killed = SharedFile.open(path, 'GPU-1', nowNs(), 200)
    killed.writeHeartbeat({ heartbeatNs: nowNs(), ticks: 1, periodUs: 5000, failOpenMs: 200 })
    await clock.advance(199)
    expect(() => aManager(path)).toThrow(/heartbeatNs is 199 ms old/)
    await clock.advance(1)
    expect(aManager(path).path).toBe(path)
    killed.close({ givesUp: false, removes: false })
  })

  test('of another device, or under a name with a colon, is refused', () => {
    const path = join(folder, 'gpu')
    new DeviceManager({ deviceId: 'GPU-2', memoryBytes: 0 }, path, deps()).close({ removesFile: false })
    expect(() => aManager(path)).toThrow(/deviceId is "GPU-2", not "GPU-1"/)
    expect(() => aManager(join(folder, 'a:b'))).toThrow(/without a colon/)
    expect(() => new DeviceManager({ deviceId: 'x'.repeat(64), memoryBytes: 0 }, path, deps())).toThrow(/deviceId/)
  })

  test('removed or cut short while it is in use, it is made anew', async () => {
    const manager = aManager()
    manager.register(training)
    unlinkSync(manager.path)
    await clock.advance(20_000)
    const train = aProcess(manager.path, 0, 11n)
    await clock.advance(100)
    expect(train.order()!.order.mode).toBe('tokens')
    truncateSync(manager.path, 5000)
    await clock.advance(100)
    const again = aProcess(manager.path, 0, 11n)
    await clock.advance(100)
    expect(again.order()!.order.mode).toBe('tokens')
    expect(told.filter(({ message }) => message.includes('made anew'))).toHaveLength(2)
  })
})

describe('processes that write nonsense', () => {
  test('the manager never throws, and others keep what is theirs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 192, maxLength: 192 }), { minLength: 3, maxLength: 3 }),
        async (scribbles) => {
          const manager = aManager(join(folder, `gpu-${Math.trunc(clock.monotonicMs())}`))
          manager.register(training)
          manager.register(serving)
          const bad = aProcess(manager.path, 0, 11n)
          const good = aProcess(manager.path, 1, 22n)
          await clock.advance(100)
          told.length = 0
          for (const scribble of scribbles) {
            const bytes = Buffer.from(scribble)
            // It keeps its tag, so that it is believed as far as it can be.
            bytes.writeBigUInt64LE(11n, 128)
            bad.scribble(bytes)
            good.write({ launches: 1, lastLaunchNs: nowNs(), spentNs: 1e6 })
            await clock.advance(50)
          }
          expect(told.filter(({ message }) => message.includes('tick of a shared device failed'))).toEqual([])
          for (const use of manager.uses()) {
            expect(use.quotaMilli).toBeGreaterThanOrEqual(use.requestMilli)
            expect(use.quotaMilli).toBeLessThanOrEqual(use.limitMilli)
            expect(use.usedMilli).toBeLessThanOrEqual(1000)
            expect(use.usedSeconds).toBeLessThan(1)
          }
          // The honest one was charged for its millisecond and has its whole balance but that.
          const { order } = good.order()!
          expect(order.grantedNs).toBeGreaterThan(0.29 * 500e6)
          manager.close({ removesFile: true })
        },
      ),
      { numRuns: 30 },
    )
  })

  test('random bytes all over the file end nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.uint8Array({ minLength: 2048, maxLength: 2048 }), async (at, bytes) => {
        const path = join(folder, `wild-${Math.trunc(clock.monotonicMs())}`)
        const manager = aManager(path)
        manager.register(training)
        const whole = Buffer.alloc(layoutConstants.fileBytes - 4096)
        for (let byte = 0; byte < whole.length; byte++) whole[byte] = bytes[(byte + Math.abs(at)) % bytes.length]!
        const file = aProcess(path, 0, 11n)
        const fd = openSync(path, 'r+')
        writeSync(fd, whole, 0, whole.length, 4096)
        closeSync(fd)
        told.length = 0
        await clock.advance(1000)
        expect(told.filter(({ message }) => message.includes('failed'))).toEqual([])
        expect(file.claim()).toBe(0n)
        manager.close({ removesFile: true })
      }),
      { numRuns: 20 },
    )
  })

  test('a counter that goes back or leaps is told of, and neither paid nor punished for ever', async () => {
    const manager = aManager()
    manager.register(training)
    const train = aProcess(manager.path, 0, 11n)
    await clock.advance(100)
    train.write({ spentNs: 2n ** 63n, launches: 1, lastLaunchNs: nowNs() })
    await clock.advance(100)
    expect(manager.uses()[0]!.usedSeconds).toBeLessThan(0.3)
    train.write({ spentNs: 5 })
    await clock.advance(6000)
    expect(train.order()!.order.grantedNs).toBeGreaterThan(5)
    const because = told.map(({ fields }) => String(fields['because']))
    expect(because.some((text) => text.includes('leapt'))).toBe(true)
    expect(because.some((text) => text.includes('went back'))).toBe(true)
  })
})

describe('shares', () => {
  test('a device is never oversold, and the error names instance, device and field', () => {
    const manager = aManager()
    manager.register(training)
    manager.register(serving)
    const more = (share: object): SharedInstance => ({
      ...training,
      instanceId: 'more',
      tag: 33n,
      share: { requestMilli: 0, limitMilli: 0, memoryBytes: 0, ...share },
    })
    expect(() => manager.register(more({ requestMilli: 301, limitMilli: 301 }))).toThrow(
      /share.requestMilli: instance more on device GPU-1: is 301, but 300 of 1000 are free/,
    )
    expect(() => manager.register(more({ limitMilli: 1 }))).toThrow(/share.limitMilli.*but 0 of 1500 are free/)
    expect(() => manager.register(more({ limitMilli: 1001 }))).toThrow(/share.limitMilli.*is 1001; give 1 to 1000/)
    expect(() => manager.register(more({ requestMilli: 1001, limitMilli: 1001 }))).toThrow(
      /share.requestMilli: instance more on device GPU-1: is 1001; give 0 to 1000/,
    )
    manager.unregister(11n)
    expect(() => manager.register(more({ limitMilli: 1, memoryBytes: 9001 }))).toThrow(
      /share.memoryBytes: instance more on device GPU-1: is 9001, but 9000 of 10000 bytes are free/,
    )
    manager.register(more({ requestMilli: 100, limitMilli: 900, memoryBytes: 9000 }))
    expect(() => manager.register({ ...training, share: { ...training.share, memoryBytes: 1 } })).toThrow(/train-1/)
  })

  test('the same instance is not there twice', () => {
    const manager = aManager()
    manager.register(training)
    manager.register(training)
    expect(() => manager.register({ ...training, tag: 12n })).toThrow(/another run of it is registered/)
  })
})
