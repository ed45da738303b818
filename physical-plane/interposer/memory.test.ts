import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasCompiler, InterposerBench, withoutCompiler, type TestGpu } from './interposer.fixture.ts'

const mib = 2 ** 20
const alloc = (bytes: number): string => `cuMemAlloc_v2:@:${bytes}`
const start = ['new', 'cuCtxSynchronize', 'line']

describe.skipIf(!hasCompiler)(`memory of the device${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  let bench: InterposerBench
  let gpus = 0

  beforeAll(async () => {
    bench = await InterposerBench.open()
  })
  afterAll(() => bench.close())

  /** What is counted after the script, under a limit, and what the client printed. */
  async function after(script: readonly string[], limitBytes: number, more: NodeJS.ProcessEnv = {}) {
    const gpu: TestGpu = bench.gpu(`memory-${gpus++}`)
    const client = bench.start([gpu], [...start, ...script, 'line'], more)
    await client.ready()
    gpu.order(0, { memoryLimitBytes: limitBytes })
    client.goOn()
    await client.ready()
    const { memoryBytes } = gpu.slot(0)
    client.goOn()
    const { lines, calls } = await client.ended()
    return { memoryBytes, lines: lines.filter((line) => line !== 'ready'), calls }
  }

  test('what would pass the limit is refused as out of memory, and the driver is not asked', async () => {
    const { memoryBytes, lines, calls } = await after([alloc(6 * mib), alloc(6 * mib), alloc(4 * mib)], 10 * mib)
    expect(memoryBytes).toBe(10 * mib)
    expect(lines).toEqual(['cuMemAlloc_v2 = 2', 'done'])
    expect(calls.filter((call) => call.startsWith('cuMemAlloc_v2'))).toHaveLength(2)
  })

  test('without a limit all is counted and nothing refused', async () => {
    const { memoryBytes, lines } = await after([alloc(2 ** 40), alloc(5)], 0)
    expect(memoryBytes).toBe(2 ** 40 + 5)
    expect(lines).toEqual(['done'])
  })

  test('each way to take memory has its way back', async () => {
    const ways = [
      [alloc(64), 'cuMemFree_v2:%'],
      ['cuMemAllocManaged:@:64:1', 'cuMemFree_v2:%'],
      ['cuMemAllocPitch_v2:@:0:16:4:4', 'cuMemFree_v2:%'],
      ['cuMemAllocAsync:@:64:0x5000', 'cuMemFreeAsync:%:0x5000'],
      ['cuMemAllocFromPoolAsync:@:64:0x5300:0x5000', 'cuMemFreeAsync:%:0x5000'],
    ] as const
    for (const [take, giveBack] of ways) {
      expect((await after([take], 0)).memoryBytes).toBe(64)
      expect((await after([take, giveBack], 0)).memoryBytes).toBe(0)
    }
  })

  test('what the driver declines, and what it will not free, leaves the count right', async () => {
    expect((await after([alloc(64)], 0, { LOGGING_CUDA_FULL: '1' })).memoryBytes).toBe(0)
    expect((await after([alloc(64), 'cuMemFree_v2:0xbad'], 0)).memoryBytes).toBe(64)
  })

  test('what was never counted is not subtracted, nor anything twice', async () => {
    const free = 'cuMemFree_v2:%'
    expect((await after([alloc(64), 'cuMemFree_v2:0x99', 'cuMemRelease:0x98'], 0)).memoryBytes).toBe(64)
    expect((await after([alloc(64), free, free, free], 0)).memoryBytes).toBe(0)
  })

  test('physical memory is freed by its last holder', async () => {
    const create = 'cuMemCreate:@:64:#1,0,1,0'
    const retain = 'cuMemRetainAllocationHandle:@:%'
    expect((await after([create], 0)).memoryBytes).toBe(64)
    expect((await after([create, retain, 'cuMemRelease:%'], 0)).memoryBytes).toBe(64)
    expect((await after([create, retain, 'cuMemRelease:%', 'cuMemRelease:%'], 0)).memoryBytes).toBe(0)
    // On the host: not the device's.
    expect((await after(['cuMemCreate:@:64:#1,0,2,0'], 0)).memoryBytes).toBe(0)
  })

  test('a program is told of its limit as of the whole device', async () => {
    const script = [alloc(3 * mib), 'info', 'cuDeviceTotalMem_v2:@:0', 'told']
    const { lines } = await after(script, 10 * mib)
    expect(lines).toEqual([`info ${7 * mib} ${10 * mib}`, expect.stringMatching(`^told ${10 * mib} `), 'done'])
  })
})
