import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildFakeGpu, hasCompiler, type BuiltFakeGpu } from './build-fake-gpu.ts'
import { type FakeGpuModel, fakeGpuModels, makeFakeGpu } from './fake-gpu.ts'
import { ScriptClient } from './script-client.ts'
import { type SimulatedKernel, simulate } from './simulated-gpu.ts'

const quantumUs = 2

/** Chosen to meet: streams of one client, a kernel that outlasts slices, demands below, at and above the device. */
const mixes: readonly (readonly SimulatedKernel[])[] = [
  [
    { client: 0, stream: 0, workNs: 9000, demandMilli: 1000 },
    { client: 1, stream: 1, workNs: 3000, demandMilli: 400 },
    { client: 0, stream: 2, workNs: 5000, demandMilli: 300 },
    { client: 1, stream: 1, workNs: 2500, demandMilli: 400 },
    { client: 0, stream: 0, workNs: 1000, demandMilli: 200 },
  ],
  [
    { client: 0, stream: 0, workNs: 20_000, demandMilli: 12_000 },
    { client: 1, stream: 1, workNs: 1000, demandMilli: 400 },
    { client: 2, stream: 3, workNs: 4000, demandMilli: 1000 },
    { client: 1, stream: 2, workNs: 1000, demandMilli: 50 },
  ],
  Array.from({ length: 12 }, (_, index) => ({
    client: index % 3,
    stream: index % 3,
    workNs: 700 + 311 * index,
    demandMilli: 100 + 170 * index,
  })),
]

describe.skipIf(!hasCompiler())('the fake GPU runs kernels as the plain simulation does', () => {
  let made = 0
  const folder = mkdtempSync(join(tmpdir(), 'cl-fake-model-'))
  let fake: BuiltFakeGpu
  beforeAll(async () => {
    fake = await buildFakeGpu()
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(fakeGpuModels.flatMap((model) => mixes.map((_, index) => [model, index] as const)))(
    '%s, mix %i',
    async (model, index) => {
      const expected = simulate(model, quantumUs * 1000, mixes[index]!)
      const measured = await onFakeGpu(model, mixes[index]!)
      const slack = 2 * mixes[index]!.length
      measured.forEach((done, kernel) => {
        expect(Math.abs(done - expected[kernel]!), `kernel ${kernel}: ${done} for ${expected[kernel]}`).toBeLessThan(
          slack,
        )
      })
    },
  )

  test('round robin lets a short context by after a quantum, order of arrival does not', async () => {
    const kernels = [
      { client: 0, stream: 0, workNs: 50_000, demandMilli: 1000 },
      { client: 1, stream: 1, workNs: 1000, demandMilli: 1000 },
    ]
    expect((await onFakeGpu('round-robin', kernels))[1]).toBeLessThan(4000)
    expect((await onFakeGpu('fifo', kernels))[1]).toBeGreaterThan(50_000)
  })

  /** Each client is a context of one process on a virtual clock; a blocker holds all back until all is launched. */
  async function onFakeGpu(model: FakeGpuModel, kernels: readonly SimulatedKernel[]): Promise<number[]> {
    const path = join(folder, `${made++}.gpu`)
    makeFakeGpu(path, { model, quantumUs, isVirtual: true })
    const client = new ScriptClient(fake, { FAKE_GPU_FILE: path })
    try {
      await client.do('init')
      const image = kernels.map(({ workNs, demandMilli }, index) => `k${index} ${workNs} ${demandMilli}`).join(';')
      await client.do(`module ${image}`)
      const contexts = Math.max(...kernels.map((kernel) => kernel.client))
      for (let context = 0; context <= contexts; context++) await client.do('context 0')
      const streams = [...new Set(kernels.map((kernel) => kernel.stream))].sort((a, b) => a - b)
      const owner = (stream: number): number => kernels.find((kernel) => kernel.stream === stream)!.client
      for (const stream of streams) await client.do(`use ${owner(stream)}`, 'stream')
      await client.do('use 0', 'event', 'record 0 -1')
      for (const [index, kernel] of kernels.entries()) {
        const stream = streams.indexOf(kernel.stream)
        await client.do(
          `use ${kernel.client}`,
          'event',
          `launch ${stream} k${index} 1`,
          `record ${index + 1} ${stream}`,
        )
      }
      for (const stream of streams.keys()) await client.do(`sync ${stream}`)
      const done: number[] = []
      for (const index of kernels.keys()) done.push((await client.do(`elapsed 0 ${index + 1}`)) * 1e6)
      return done
    } finally {
      await client.end()
    }
  }
})
