import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Order } from '#physical-plane/gpu-sharing/layout.ts'
import { hasCompiler, InterposerBench, nowNs, withoutCompiler, type TestGpu } from './interposer.fixture.ts'

const launch = (blocks = 8): string => `cuLaunchKernel:0xabc0:${blocks}:1:1:256:1:1:0:0x5000`
const sync = 'cuStreamSynchronize:0x5000'

describe.skipIf(!hasCompiler)(`windows of time${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  let bench: InterposerBench
  let gpus = 0

  beforeAll(async () => {
    bench = await InterposerBench.open()
  })
  afterAll(() => bench.close())

  const aGpu = (): TestGpu => bench.gpu(`windows-${gpus++}`)

  test('a window ends by itself; what would end later waits, and what is longer than a whole one begins alone', async () => {
    const gpu = aGpu()
    const long = launch(50_000_000)
    const client = bench.start([gpu], ['new', sync, 'line', launch(), launch(), sync, long, 'line'])
    await client.ready()
    const waits = async (launches: number): Promise<void> => {
      await untilSo(() => gpu.slot(0).isWaiting)
      expect(gpu.slot(0).launches).toBe(launches)
    }
    const until = (ns: number): Partial<Order> => ({ windows: [{ fromNs: 0, untilNs: nowNs() + ns }] })
    const window = { mode: 'window', grantedNs: 1e13, tokenUs: 2_000_000 } as const
    gpu.order(0, { ...window, ...until(-1) })
    client.goOn()
    await waits(0)
    // In time, and for one launch.
    gpu.order(0, { ...window, ...until(10e9), grantedNs: 1 })
    await untilSo(() => gpu.slot(0).launches === 1)
    await waits(1)
    // The second goes, and the long one would end after the window.
    gpu.order(0, { ...window, ...until(0.5e9) })
    await untilSo(() => gpu.slot(0).launches === 2)
    await waits(2)
    gpu.order(0, { ...window, ...until(0.8e9), tokenUs: 1000 })
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 3, isWaiting: false })
    client.goOn()
    await client.ended()
  })

  test('windows that lie ahead open by themselves, each when it is time', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), sync, 'line', launch(), 'line'])
    await client.ready()
    const at = nowNs()
    const windows = [100e6, 300e6, 600e6].map((ns) => ({ fromNs: at + ns, untilNs: at + ns + 50e6 }))
    gpu.order(0, { mode: 'window', grantedNs: 1e13, tokenUs: 2_000_000, windows: windows.slice(1) })
    client.goOn()
    await client.ready()
    const launchedAtNs = (): number => gpu.slot(0).lastLaunchNs
    expect(launchedAtNs()).toBeGreaterThanOrEqual(windows[1]!.fromNs)
    expect(gpu.slot(0).launches).toBe(1)
    await untilSo(() => nowNs() > windows[1]!.untilNs)
    client.goOn()
    await client.ready()
    expect(launchedAtNs()).toBeGreaterThanOrEqual(windows[2]!.fromNs)
    expect(gpu.slot(0)).toMatchObject({ launches: 2, isWaiting: false })
    client.goOn()
    await client.ended()
  })

  test('in a window too no more pieces of work are open than are allowed', async () => {
    const gpu = aGpu()
    const hold = join(bench.folder, 'hold-window')
    writeFileSync(hold, '')
    const script = ['new', sync, 'line', ...Array.from({ length: 5 }, () => launch()), 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_HOLD: hold })
    await client.ready()
    const windows = [{ fromNs: 0, untilNs: nowNs() + 100e9 }]
    gpu.order(0, { mode: 'window', grantedNs: 1e13, windows, segmentsMax: 2, segmentUs: 500 })
    client.goOn()
    await untilSo(() => gpu.slot(0).isWaiting)
    expect(gpu.slot(0)).toMatchObject({ launches: 2, segmentsOpen: 2 })
    rmSync(hold)
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 5, waits: 0 })
    client.goOn()
    await client.ended()
  })
})

async function untilSo(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
