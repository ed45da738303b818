// A training job and a function with an objective on one GPU: agents, managers, interposers and processes are the real ones, the
// GPU is test/fake-gpu. What the fake device measures says nothing about real ones; that shares are kept, told and paid is real.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import { buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu, type FakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import { clock, explainSkip, python, TestCluster, type JobOptions } from './cluster.fixture.ts'

const region = 'aws/us-east-1'
const fakeGpuFolder = join(import.meta.dirname, '../fake-gpu')
const isPossible = python !== '' && hasCompiler()
if (!isPossible) {
  explainSkip('gpu-sharing')
  if (!hasCompiler()) process.stderr.write('gpu-sharing: skipped, there is no C compiler (cc) on PATH\n')
}

describe.skipIf(!isPossible)('a GPU that is shared', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-'))
  const hurry = join(folder, 'hurry')
  let cluster: TestCluster
  let gpu: FakeGpu

  beforeAll(async () => {
    const { folder: driver } = await buildFakeGpu()
    gpu = makeFakeGpu(join(folder, 'gpu'), { name: 'Tesla T4', model: 'processor-sharing' })
    cluster = await TestCluster.start({
      regions: [region],
      cpuUnits: 2,
      agentFlags: { [region]: { '--mps': 'off' } },
      environment: {
        FAKE_GPU_FILE: gpu.path,
        LD_LIBRARY_PATH: driver,
        PATH: `${fakeGpuFolder}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    })
  })

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test('trains a job on a share of it, which top shows and the ledger bills', async () => {
    const id = await cluster.submit(aJob('shared', { request: 0.5, limit: 0.9, memory_gib: 2 }), onFakeGpu)
    const job = await training(id)
    const [allocation] = job.plan!.partitions[0]!.allocations
    expect(allocation).toMatchObject({ deviceModel: 'nvidia-t4', units: 1, requestMilli: 500, limitMilli: 900 })

    const use = await untilUse((uses) => uses.length === 1 && uses[0]!.usedMilli > 0)
    expect(use[0]).toMatchObject({ share: { requestMilli: 500, limitMilli: 900 }, memoryBytes: 2 ** 30 })

    const { code, stdout, stderr } = await cluster.cli(['top', '--once'])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('nvidia-t4')

    writeFileSync(hurry, '')
    const ended = await cluster.ended(id)
    expect(ended.state, ended.reason).toBe('JOB_STATE_SUCCEEDED')
    rmSync(hurry)
    // Billed by what was used, at least the request, at the price of a whole one; never as a whole one.
    const entries = (await cluster.ledger(id)).filter(({ subject }) => subject === 'nvidia-t4')
    expect(entries.length).toBeGreaterThan(0)
    for (const { quantity, fromMs, toMs, amountUsd, unitPriceUsd } of entries) {
      const seconds = (toMs - fromMs) / 1000
      expect(quantity).toBeGreaterThanOrEqual(0.5 * seconds - 1e-9)
      expect(quantity).toBeLessThanOrEqual(seconds)
      expect(amountUsd).toBeCloseTo((quantity / 3600) * unitPriceUsd, 12)
    }
  })

  /** Environment of a function that finds the fake GPU. */
  function onFakeGpu(file: Record<string, unknown>): void {
    Object.assign(file['function'] as object, {
      environment: { FAKE_GPU_FILE: gpu.path, PYTHONPATH: fakeGpuFolder },
    })
  }

  function aJob(name: string, share: Readonly<Record<string, number>>): JobOptions {
    return {
      name,
      entrypoint: 'gpu_train.py',
      arguments: ['--until', hurry, '--allocate-gib', '1'],
      samples: { [region]: 32_000 },
      training: { epochs: 1 },
      resources: { device_models: ['nvidia-t4'], gpu_share: share },
    }
  }

  async function training(id: string): Promise<Job__Output> {
    return await cluster.until(id, ({ progress }) => {
      return progress?.partitions.some(({ samplesDone }) => samplesDone > 320) === true
    })
  }

  /** What instances make of the GPU, once it is as wished for. */
  async function untilUse(
    isIt: (uses: readonly DeviceUse__Output[]) => boolean,
  ): Promise<readonly DeviceUse__Output[]> {
    for (;;) {
      const { devices } = await cluster.services.regions.listDevices({ regions: [region] })
      const shared = present(
        devices.find((device) => device.device?.model === 'nvidia-t4'),
        'the GPU among the devices',
      )
      if (isIt(shared.uses)) return shared.uses
      await clock.sleep(200)
    }
  }
})
