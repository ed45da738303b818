import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slotAt } from '#physical-plane/gpu-sharing/layout.ts'
import { hasCompiler, InterposerBench, nowNs, withoutCompiler, type TestGpu } from './interposer.fixture.ts'

const launch = (blocks = 8, stream = '0x5000'): string => `cuLaunchKernel:0xabc0:${blocks}:1:1:256:1:1:0:${stream}`
const sync = 'cuStreamSynchronize:0x5000'
/** What a launch is held to take before it was measured. */
const guessNs = (blocks: number): number => 3000 + 20 * blocks

describe.skipIf(!hasCompiler)(`launches${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  let bench: InterposerBench
  let gpus = 0

  beforeAll(async () => {
    bench = await InterposerBench.open()
  })
  afterAll(() => bench.close())

  const aGpu = (): TestGpu => bench.gpu(`launches-${gpus++}`)

  test('a launch is charged with what its function took when it was measured, by size', async () => {
    const gpu = aGpu()
    const client = bench.start(
      [gpu],
      ['new', sync, 'line', launch(), launch(), sync, 'line', launch(), launch(16), 'line'],
      {
        LOGGING_CUDA_MS: '0.8',
      },
    )
    await client.ready()
    gpu.order(0, {})
    client.goOn()
    await client.ready()
    // The second launch was measured at 0.1 ms a block, and what the first two were charged too little is a debt.
    expect(gpu.slot(0).spentNs).toBeCloseTo(1_600_000, -3)
    expect(gpu.slot(0).gpuNs).toBeCloseTo(1_600_000, -3)
    client.goOn()
    await client.ready()
    expect(gpu.slot(0).spentNs).toBeCloseTo(2_400_000 + guessNs(16), -3)
    client.goOn()
    await client.ended()
  })

  test('tokens: what is launched on a positive balance passes, its debt is waited for', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(1000), launch(), 'line'])
    await client.ready()
    gpu.order(0, { mode: 'tokens', grantedNs: 1 })
    client.goOn()
    await until(() => gpu.slot(0).isWaiting)
    expect(gpu.slot(0)).toMatchObject({ launches: 1, spentNs: guessNs(1000) })
    gpu.order(0, { mode: 'tokens', grantedNs: guessNs(1000) + 1 })
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 2, isWaiting: false, waits: 1 })
    expect(gpu.slot(0).waitedNs).toBeGreaterThan(0)
    client.goOn()
    await client.ended()
  })

  test('stop holds back for block_max_us and no longer', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(0, { mode: 'stop', blockMaxUs: 20_000 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 1, waits: 1 })
    expect(gpu.slot(0).waitedNs).toBeGreaterThanOrEqual(20_000_000)
    client.goOn()
    await client.ended()
  })

  test('a manager that falls silent holds nobody back', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(0, { mode: 'stop', blockMaxUs: 4_000_000 })
    gpu.beat({ failOpenMs: 100 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(0).launches).toBe(1)
    expect(gpu.slot(0).waitedNs).toBeLessThan(3_000_000_000)
    client.goOn()
    await client.ended()
  })

  test('orders to the former owner of a slot do not bind the new one', async () => {
    const gpu = aGpu()
    gpu.order(0, { mode: 'stop' })
    const ran = await bench.run([gpu], ['new', launch(), launch()])
    expect(ran.lines).toEqual(['done'])
    expect(gpu.slot(0).waits).toBe(0)
  })

  test('a confined process that has just come waits for its first orders, 20 ms at most', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', launch(), 'line'])
    await client.ready()
    const { lastLaunchNs, claimedAtNs, waits } = gpu.slot(0)
    expect(lastLaunchNs - claimedAtNs).toBeGreaterThanOrEqual(20_000_000)
    expect(waits).toBe(0)
    client.goOn()
    await client.ended()
  })

  test('a confined process waits for a busy peer, and barrier_us after it', async () => {
    const gpu = aGpu()
    const peer = bench.start([gpu], ['new', launch(100_000), 'line', sync, 'line'], { CLOUDLESS_GPU_ROLE: 'protected' })
    await peer.ready()
    expect(gpu.slot(0)).toMatchObject({ role: 1, isBusy: true, idleSinceNs: 0, queueUs: 2003 })
    // As it is while a process waits for its work.
    gpu.write(slotField(0, 60), u32(0xffffffff))
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(1, { barrierUs: 3000, yieldsTo: [0] })
    client.goOn()
    await until(() => gpu.slot(1).isWaiting)
    expect(gpu.slot(1).launches).toBe(0)
    peer.goOn()
    await peer.ready()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ isBusy: false, cycles: 1, queueUs: 0 })
    expect(gpu.slot(1).lastLaunchNs - gpu.slot(0).idleSinceNs).toBeGreaterThanOrEqual(3_000_000)
    for (const one of [peer, client]) {
      one.goOn()
      await one.ended()
    }
  })

  test('a bubble that is over by its foreseen length takes nothing more', async () => {
    const gpu = aGpu()
    const peer = bench.start([gpu], ['new', launch(), sync, 'line'], { CLOUDLESS_GPU_ROLE: 'protected' })
    await peer.ready()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    await until(() => nowNs() - gpu.slot(0).idleSinceNs > 5e6)
    gpu.order(1, { yieldsTo: [0], bubbleUs: 5000, blockMaxUs: 50_000 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(1).waitedNs).toBeGreaterThanOrEqual(50_000_000)
    for (const one of [peer, client]) {
      one.goOn()
      await one.ended()
    }
  })

  test('what was measured beside others alone gets one chance in a bubble, and is measured there', async () => {
    const gpu = aGpu()
    const peer = bench.start([gpu], ['new', launch(), 'line', sync, 'line'], { CLOUDLESS_GPU_ROLE: 'protected' })
    await peer.ready()
    const script = ['new', sync, 'line', launch(), launch(), sync, 'line', launch(), sync, 'line', launch(), 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_MS: '400' })
    await client.ready()
    gpu.order(1, {})
    client.goOn()
    await client.ready()
    peer.goOn()
    await peer.ready()
    // 400 ms beside the peer: perhaps half of that alone.
    gpu.order(1, { yieldsTo: [0], bubbleUs: 300_000, blockMaxUs: 60_000 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(1)).toMatchObject({ launches: 3, waits: 0 })
    // It is not.
    client.goOn()
    await client.ready()
    expect(gpu.slot(1)).toMatchObject({ launches: 4, waits: 1 })
    expect(gpu.slot(1).waitedNs).toBeGreaterThanOrEqual(60_000_000)
    for (const one of [peer, client]) {
      one.goOn()
      await one.ended()
    }
  })

  test('a wait that lasts is told while it does', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(0, { mode: 'stop' })
    client.goOn()
    await until(() => gpu.slot(0).waitedNs >= 20_000_000)
    expect(gpu.slot(0)).toMatchObject({ isWaiting: true, waits: 0 })
    gpu.order(0, {})
    await client.ready()
    client.goOn()
    await client.ended()
  })

  test('a peer that never synchronises is waited for as long as its queue was foreseen to last', async () => {
    const gpu = aGpu()
    const peer = bench.start([gpu], ['new', launch(1_000_000), 'line'])
    await peer.ready()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(1, { barrierUs: 100, patienceUs: 5000, yieldsTo: [0] })
    client.goOn()
    await client.ready()
    // 20 ms, a twentieth of it, the patience of its manager and the barrier.
    expect(gpu.slot(1).lastLaunchNs - gpu.slot(0).lastLaunchNs).toBeGreaterThanOrEqual(26_100_000)
    for (const one of [peer, client]) {
      one.goOn()
      await one.ended()
    }
  })

  test('kernels that communicate are never held back, and nobody waits for them', async () => {
    const gpu = aGpu()
    const nccl = 'cuLaunchKernel:0xacc1:8:1:1:256:1:1:0:0x5000'
    const peer = bench.start([gpu], ['new', sync, 'line', nccl, 'line'])
    await peer.ready()
    gpu.order(0, { mode: 'stop' })
    peer.goOn()
    await peer.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 1, waits: 0, onlyCommunicates: true })
    const client = bench.start([gpu], ['new', sync, 'line', launch(), 'line'])
    await client.ready()
    gpu.order(1, { barrierUs: 1_000_000, yieldsTo: [0] })
    client.goOn()
    await client.ready()
    expect(gpu.slot(1).waits).toBe(0)
    for (const one of [peer, client]) {
      one.goOn()
      await one.ended()
    }
  })

  test('whoever waits for a stream that only communicates tells so, once its other streams are empty', async () => {
    const gpu = aGpu()
    const hold = join(bench.folder, 'hold-waiting')
    writeFileSync(hold, '')
    const nccl = 'cuLaunchKernel:0xacc1:8:1:1:256:1:1:0:0x5001'
    const script = ['new', sync, 'line', launch(), nccl, 'cuStreamSynchronize:0x5001', 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_HOLD: hold, LOGGING_CUDA_EMPTY: '0x5000' })
    await client.ready()
    gpu.order(0, { segmentUs: 500 })
    client.goOn()
    await until(() => gpu.slot(0).onlyCommunicates)
    expect(gpu.slot(0)).toMatchObject({ launches: 2, isBusy: true, queueUs: 0xffffffff })
    rmSync(hold)
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ isBusy: false, onlyCommunicates: false, queueUs: 0 })
    client.goOn()
    await client.ended()
  })

  test('nothing is launched that would end after the bubble', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', sync, 'line', launch(), launch(1_000_000), 'line'])
    await client.ready()
    gpu.order(0, { openUntilNs: nowNs() + 5e6, blockMaxUs: 50_000 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 2, waits: 1 })
    client.goOn()
    await client.ended()
  })

  test('at most segments_max pieces of work are open, each closed by an event', async () => {
    const gpu = aGpu()
    const hold = join(bench.folder, 'hold-segments')
    writeFileSync(hold, '')
    const script = ['new', sync, 'line', ...Array.from({ length: 5 }, () => launch()), 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_HOLD: hold })
    await client.ready()
    gpu.order(0, { segmentsMax: 2, segmentUs: 500 })
    client.goOn()
    await until(() => gpu.slot(0).isWaiting)
    // What was never measured may be long, so every launch is a piece by itself.
    expect(gpu.slot(0)).toMatchObject({ launches: 2, segmentsOpen: 2 })
    rmSync(hold)
    await client.ready()
    // Waiting for work of its own is waiting for nobody.
    expect(gpu.slot(0)).toMatchObject({ launches: 5, waits: 0, waitedNs: 0 })
    client.goOn()
    await client.ended()
  })

  test('a graph is charged with the kernels of its nodes and of the graphs in it', async () => {
    const gpu = aGpu()
    const make = [
      'cuStreamBeginCapture_v2:0x5000:0',
      'cuStreamEndCapture:0x5000:@',
      'cuGraphInstantiateWithFlags:@:%:0',
    ]
    const client = bench.start([gpu], ['new', sync, ...make, 'cuGraphLaunch:%:0x5000', 'line'])
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ graphLaunches: 1, spentNs: guessNs(10) + guessNs(20) + guessNs(10) })
    client.goOn()
    await client.ended()
  })

  test('where the driver does not tell the nodes, what was launched while it captured is counted', async () => {
    const gpu = aGpu()
    const capture = ['cuStreamBeginCapture_v2:0x5000:0', launch(10), launch(30), 'cuStreamEndCapture:0x5000:@']
    const script = ['new', sync, ...capture, 'cuGraphInstantiateWithFlags:@:%:0', 'cuGraphLaunch:%:0x5000', 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_NODES: '0' })
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 1, spentNs: guessNs(10) + guessNs(30) })
    client.goOn()
    await client.ended()
  })

  test('a capture is not disturbed: nothing is held back, recorded, asked or charged in it', async () => {
    const gpu = aGpu()
    const capture = ['cuStreamBeginCapture_v2:0x5000:0', launch(), launch(), launch(), 'cuStreamEndCapture:0x5000:@']
    const client = bench.start([gpu], ['new', sync, 'line', ...capture, 'line'])
    await client.ready()
    gpu.order(0, { mode: 'stop', segmentsMax: 1, segmentUs: 1 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 0, spentNs: 0, waits: 0 })
    client.goOn()
    const { calls } = await client.ended()
    const from = calls.findIndex((call) => call.startsWith('cuStreamBeginCapture_v2'))
    const made = calls.slice(from + 1).map((call) => call.split(' ')[0])
    const allowed = ['cuLaunchKernel', 'cuStreamIsCapturing', 'cuFuncGetName', 'cuStreamEndCapture']
    expect(made.filter((name) => !allowed.includes(name!))).toEqual([])
  })

  test('an event that is done says nothing of streams that are not', async () => {
    const gpu = aGpu()
    const hold = join(bench.folder, 'hold-streams')
    writeFileSync(hold, '')
    const script = ['new', launch(), 'cuEventSynchronize:0x5100', 'line', 'cuEventSynchronize:0x5100', 'line']
    const client = bench.start([gpu], script, { LOGGING_CUDA_HOLD: hold })
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ isBusy: true, synchronisations: 1, cycles: 0 })
    expect(existsSync(hold)).toBe(true)
    rmSync(hold)
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ isBusy: false, synchronisations: 2, cycles: 1 })
    client.goOn()
    await client.ended()
  })

  test('a process with two GPUs is charged on the one whose context is current', async () => {
    const [first, second] = [aGpu(), aGpu()]
    const client = bench.start([first, second], ['new', launch(), 'line'], { LOGGING_CUDA_DEVICE: '1' })
    await client.ready()
    expect([first.slot(0).launches, second.slot(0).launches]).toEqual([0, 1])
    client.goOn()
    await client.ended()
  })
})

/** Where a field of a slot lies in the file. */
function slotField(slot: number, at: number): number {
  return slotAt(slot) + at
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
