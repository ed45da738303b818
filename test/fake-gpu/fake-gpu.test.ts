import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildFakeGpu, hasCompiler, type BuiltFakeGpu } from './build-fake-gpu.ts'
import { type FakeGpu, failFakeGpu, makeFakeGpu, readFakeGpu } from './fake-gpu.ts'
import { ScriptClient } from './script-client.ts'

const outOfMemory = 2
const noDevice = 100
const notReady = 600
const captureUnsupported = 900
const captureInvalidated = 901
const unknown = 999
const gib = 1024 ** 3

describe.skipIf(!hasCompiler())('the fake GPU', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cl-fake-gpu-'))
  const clients: ScriptClient[] = []
  let fake: BuiltFakeGpu
  let made = 0
  beforeAll(async () => {
    fake = await buildFakeGpu()
  }, 60_000)
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const device = (options: Partial<Omit<FakeGpu, 'path'>> = {}): FakeGpu =>
    makeFakeGpu(join(folder, `${made++}.gpu`), { isVirtual: true, ...options })

  const start = (files: string, environment: Readonly<Record<string, string>> = {}): ScriptClient => {
    const client = new ScriptClient(fake, { FAKE_GPU_FILE: files, ...environment })
    clients.push(client)
    return client
  }

  const open = async (gpu: FakeGpu): Promise<ScriptClient> => {
    const client = start(gpu.path)
    await client.do('init', 'context 0', 'module k 1000 1000;small 1000 250', 'stream')
    return client
  }

  test('its file says what it is', () => {
    const gpu = device({ model: 'round-robin', memoryBytes: 3 * gib, name: 'Fake H100', multiprocessors: 132 })
    expect(readFakeGpu(gpu.path)).toEqual(gpu)
  })

  test('a stream runs in order, an event has the time of what was before it', async () => {
    const client = await open(device())
    await client.do('event', 'event', 'record 0 0', 'launch 0 k 5', 'launch 0 k 7', 'record 1 0')
    expect((await client.call('query 1')).result).toBe(notReady)
    expect((await client.call('busy 0')).result).toBe(notReady)
    expect((await client.call('elapsed 0 1')).result).toBe(notReady)
    expect(await client.do('sync 0', 'elapsed 0 1')).toBeCloseTo(0.012, 6)
    expect(await client.do('query 1', 'busy 0', 'now')).toBeCloseTo(12_000, 3)
    expect(await client.do('used')).toBeCloseTo(12_000, 3)
  })

  test('a stream waits for an event of another', async () => {
    const client = await open(device({ model: 'processor-sharing' }))
    await client.do('stream', 'event', 'launch 0 small 10', 'record 0 0', 'wait 1 0', 'launch 1 small 1')
    expect(await client.do('sync 1', 'now')).toBeCloseTo(11_000, 3)
    expect(await client.do('used')).toBeCloseTo(11_000 / 4, 3)
  })

  test('memory is accounted for across processes, and a dead process has none', async () => {
    const gpu = device({ memoryBytes: 4 * gib })
    const [first, second] = [await open(gpu), await open(gpu)]
    await first.do(`alloc ${3 * gib}`)
    expect((await second.call(`alloc ${2 * gib}`)).result).toBe(outOfMemory)
    expect(await second.do('info')).toBe(gib)
    await first.do('free 0', `alloc ${3 * gib}`)
    await first.end('SIGKILL')
    expect(await second.do(`alloc ${4 * gib}`, 'info')).toBe(0)
    expect(await second.do('free 0', 'copy there and back')).toBe(1)
  })

  test('work of a killed process runs to its end, and the device goes on', async () => {
    const gpu = device({ isVirtual: false })
    const [first, second] = [await open(gpu), await open(gpu)]
    await first.do('launch 0 k 50000')
    await first.end('SIGKILL')
    const before = await second.do('now')
    const after = await second.do('launch 0 k 1', 'sync 0', 'now')
    expect(after).toBeGreaterThanOrEqual(before)
    // On the device's own clock: the second's kernel came after what was left of the first's 50 ms.
    expect(await second.do('used')).toBeCloseTo(1000, 0)
  })

  test('processes killed at any instant leave a device that works', async () => {
    const gpu = device({ isVirtual: false, model: 'processor-sharing' })
    for (let round = 0; round < 8; round++) {
      const victim = await open(gpu)
      for (let launch = 0; launch < 40; launch++) void victim.call('launch 0 k 2')
      await victim.call('launch 0 k 1')
      await victim.end('SIGKILL')
    }
    expect(await (await open(gpu)).do('launch 0 k 3', 'sync 0', 'used')).toBeCloseTo(3000, 0)
  })

  test('a captured graph runs when it is launched, not before', async () => {
    const client = await open(device())
    await client.do('capture 0 0', 'launch 0 k 5', 'launch 0 k 6', 'end 0', 'busy 0')
    expect(await client.do('nodes 0')).toBe(2)
    expect(await client.do('instantiate 0', 'graph 0 0', 'graph 0 0', 'sync 0', 'now')).toBeCloseTo(22_000, 3)
    await client.do('capture 0 0', 'launch 0 k 1', 'graph 0 0', 'end 0', 'instantiate 1')
    expect(await client.do('nodes 1')).toBe(2)
    expect(await client.do('graph 1 0', 'sync 0', 'now')).toBeCloseTo(34_000, 3)
  })

  test.each(['sync 0', 'busy 0', 'syncall', 'query 0', 'alloc 16'])('"%s" spoils a capture', async (line) => {
    const client = await open(device())
    await client.do('event', 'record 0 -1', 'capture 0 0', 'launch 0 k 5')
    expect((await client.call(line)).result).toBe(captureUnsupported)
    expect((await client.call('end 0')).result).toBe(captureInvalidated)
  })

  test('a device that fails answers so to every call, and can be mended', async () => {
    const gpu = device()
    const client = await open(gpu)
    failFakeGpu(gpu.path, unknown)
    for (const line of ['launch 0 k 1', 'sync 0', 'alloc 16', 'info']) {
      expect((await client.call(line)).result, line).toBe(unknown)
    }
    failFakeGpu(gpu.path, 0)
    await client.do('launch 0 k 1', 'sync 0')
  })

  test('visible devices are chosen by uuid or ordinal, and end at the first that is not there', async () => {
    const [first, second] = [device({ memoryBytes: gib }), device({ memoryBytes: 2 * gib })]
    const files = `${first.path}:${second.path}`
    const memoryOf = async (visible: string, ordinal: number): Promise<number> =>
      start(files, { CUDA_VISIBLE_DEVICES: visible }).do('init', `context ${ordinal}`, 'info')
    expect(await memoryOf(second.uuid, 0)).toBe(2 * gib)
    expect(await memoryOf('1,0', 1)).toBe(gib)
    expect((await start(files, { CUDA_VISIBLE_DEVICES: 'GPU-none,0' }).call('init')).result).toBe(noDevice)
    expect((await start(join(folder, 'absent')).call('init')).result).toBe(noDevice)
    expect((await start('/dev/null').call('init')).result).toBe(noDevice)
  })

  test('under a percentage of threads a kernel gets no more of the device', async () => {
    const gpu = device({ model: 'processor-sharing' })
    const client = start(gpu.path, { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: '50' })
    await client.do('init', 'context 0', 'module k 1000 1000', 'launch -1 k 10')
    expect(await client.do('sync -1', 'now')).toBeCloseTo(20_000, 3)
  })

  test('two hundred processes use it at once', async () => {
    const gpu = device({ isVirtual: false, model: 'processor-sharing' })
    const many = Array.from({ length: 200 }, () => start(gpu.path))
    const used = await Promise.all(
      many.map((client) => client.do('init', 'context 0', 'module k 1000 10', 'launch -1 k 20', 'syncall', 'used')),
    )
    for (const one of used) expect(one).toBeCloseTo(200, 0)
  }, 60_000)
})
