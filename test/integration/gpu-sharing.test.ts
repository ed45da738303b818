// A training job and a function with an objective on one GPU: agents, managers, interposers and processes are the real ones, the
// GPU is test/fake-gpu. What the fake device measures says nothing about real ones; that shares are kept, told and paid is real.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import { buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu, type FakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import { clock, explainSkip, functionFolder, python, TestCluster, type JobOptions } from './cluster.fixture.ts'

type Listed = { readonly regions: readonly { readonly offers: readonly { readonly units_total: number }[] }[] }
type Deployed = { readonly id: string; readonly instances: readonly { readonly endpoint: string }[] }

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

  afterEach(() => rmSync(hurry, { force: true }))

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
    const text = (await cluster.cli(['regions'])).stdout
    expect(text).toContain('0/1 nvidia-t4 (or 0.5 in shares of up to 0.5)')
    const { regions } = JSON.parse((await cluster.cli(['regions', '--json'])).stdout) as Listed
    const [offer] = regions.flatMap(({ offers }) => offers.filter(({ units_total: units }) => units > 0)).slice(-1)
    expect(offer).toMatchObject({ device_model: 'nvidia-t4', shares: { gpus: 1, left_milli: 500, largest_milli: 500 } })

    writeFileSync(hurry, '')
    const ended = await cluster.ended(id)
    expect(ended.state, ended.reason).toBe('JOB_STATE_SUCCEEDED')
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

  test('answers requests beside it: the function is guarded, both are shown, both are billed by their shares', async () => {
    const id = await cluster.submit(aJob('beside', { request: 0.5, limit: 0.9, memory_gib: 2 }), onFakeGpu)
    await training(id)
    const deployed = await cluster.cli(['--json', 'function', 'deploy', functionFile()])
    expect(deployed.code, deployed.stderr).toBe(0)
    const { id: functionId, instances } = JSON.parse(deployed.stdout) as Deployed
    const endpoint = present(instances[0], 'an instance of the function').endpoint

    const enough = new AbortController()
    const asking = ask(endpoint, enough.signal)
    const both = untilUse((all) => all.length === 2 && all.every(({ usedMilli }) => usedMilli > 0))
    const uses = await Promise.race([both, asking.then(() => both)])
    const top = await cluster.cli(['top', '--once'])
    enough.abort()
    const answers = await asking
    expect(answers.length).toBeGreaterThan(10)
    expect(new Set(answers)).toEqual(new Set([36]))

    const ofTraining = present(
      uses.find(({ instanceId }) => instanceId.includes(id)),
      'the use of the training',
    )
    const ofFunction = present(
      uses.find(({ instanceId }) => instanceId.includes(functionId)),
      'the use of the function',
    )
    expect(ofTraining).toMatchObject({ share: { requestMilli: 500, limitMilli: 900 } })
    expect(ofFunction).toMatchObject({ share: { requestMilli: 300, limitMilli: 600 }, sloMs: 200, sloPercentile: 99 })
    // The function comes first: training is held back for it, and says for whom.
    expect(ofFunction.reason).toContain('comes first')
    expect(ofTraining.reason).toContain(`yields to ${ofFunction.instanceId}`)
    expect(ofTraining.waits).toBeGreaterThan(0)
    expect(top.stdout).toContain('requests 0.80 of 1')
    expect(top.stdout).toContain(ofFunction.instanceId)
    expect(top.stdout).toContain(ofTraining.instanceId)

    writeFileSync(hurry, '')
    const ended = await cluster.ended(id)
    expect(ended.state, ended.reason).toBe('JOB_STATE_SUCCEEDED')
    const removed = await cluster.cli(['function', 'rm', 'answer'])
    expect(removed.code, removed.stderr).toBe(0)
    await untilUse((all) => all.length === 0)

    // Both owners pay, and for the GPU what they used of it on average: less than the whole.
    const { stdout: cost } = await cluster.cli(['cost', '--by', 'owner,device'])
    const share = (owner: string): number =>
      Number(new RegExp(`^${owner} +nvidia-t4 .* (0\\.\\d+) +\\S+ B$`, 'm').exec(cost)?.[1])
    expect(cost).toContain('SHARE OF GPU')
    expect(share('training-team'), cost).toBeGreaterThanOrEqual(0.5)
    expect(share('training-team'), cost).toBeLessThan(0.9)
    expect(share('serving-team'), cost).toBeGreaterThanOrEqual(0.3)
    expect(share('serving-team'), cost).toBeLessThan(0.6)
  })

  test('divides it between a training, a function with an objective and one on half of its multiprocessors', async () => {
    const id = await cluster.submit(aJob('three', { request: 0.4, limit: 0.6, memory_gib: 2 }), onFakeGpu)
    await training(id)
    const half = { sm: 0.5, request: 0.3, limit: 0.6, memory_gib: 2 }
    const files = [
      functionFile(),
      functionFile({ name: 'offline', slo: undefined, gpu_share: half, owner: 'offline-team' }),
    ]
    const endpoints: string[] = []
    for (const file of files) {
      const deployed = await cluster.cli(['--json', 'function', 'deploy', file])
      expect(deployed.code, deployed.stderr).toBe(0)
      const { instances } = JSON.parse(deployed.stdout) as Deployed
      endpoints.push(present(instances[0], 'an instance of the function').endpoint)
    }
    const enough = new AbortController()
    const asking = ['answer', 'offline'].map((name, i) => ask(endpoints[i]!, enough.signal, name))
    const uses = await untilUse((all) => all.length === 3 && all.every(({ usedMilli }) => usedMilli > 0))
    const top = await cluster.cli(['top', '--once'])
    enough.abort()
    for (const answers of await Promise.all(asking)) expect(answers.length).toBeGreaterThan(5)
    // By tokens, all three: half of the device for 0.3 of the time is 0.15 of it.
    for (const { reason, share } of uses)
      expect(reason).toContain(`of the time on ${share!.smMilli === 0 ? 1000 : share!.smMilli} of the multiprocessors`)
    expect(uses.map(({ share }) => share!.smMilli).toSorted((a, b) => a - b)).toEqual([0, 0, 500])
    expect(top.stdout).toContain('requests 0.85 of 1, limits 1.50 of 1.5')
    expect(top.stdout).toContain('0.30–0.60 on 50 %')

    writeFileSync(hurry, '')
    const ended = await cluster.ended(id)
    expect(ended.state, ended.reason).toBe('JOB_STATE_SUCCEEDED')
    for (const name of ['answer', 'offline']) {
      const removed = await cluster.cli(['function', 'rm', name])
      expect(removed.code, removed.stderr).toBe(0)
    }
    await untilUse((all) => all.length === 0)
    // Each owner pays for what it used of the GPU, at least what it was guaranteed of the whole.
    const { stdout: cost } = await cluster.cli(['cost', '--by', 'owner,device'])
    const part = Number(/^offline-team +nvidia-t4 .* (0\.\d+) +\S+ B$/m.exec(cost)?.[1])
    expect(part, cost).toBeGreaterThanOrEqual(0.15)
    expect(part, cost).toBeLessThan(0.3)
    for (const owner of ['training-team', 'serving-team']) expect(cost).toContain(owner)
  })

  test('gives the bubbles of a training to a function without an objective, until one with an objective joins them', async () => {
    const id = await cluster.submit(aJob('bubbles', { request: 0.4, limit: 0.6, memory_gib: 2 }), onFakeGpu)
    await training(id)
    const filling = functionFile({
      name: 'filling',
      slo: undefined,
      gpu_share: { request: 0.1, limit: 0.3, memory_gib: 2 },
      owner: 'filling-team',
    })
    const filler = await deployOne(filling)
    const enough = new AbortController()
    const asking = [ask(filler.endpoint, enough.signal, 'filling')]
    // Alone with the training it gets what that leaves: the training comes first.
    const two = await untilUse((all) => all.length === 2 && all.some(({ filledSeconds }) => filledSeconds > 0.05))
    const inBubbles = present(
      two.find(({ instanceId }) => instanceId.includes(filler.id)),
      'the use of the filler',
    )
    expect(inBubbles.bubbleSeconds).toBeGreaterThan(0)
    expect(inBubbles.reason).toMatch(/expected|idle|empty/)
    expect(two.find(({ instanceId }) => instanceId.includes(id))!.reason).not.toContain('yields to')

    const first = await deployOne(functionFile())
    asking.push(ask(first.endpoint, enough.signal))
    const three = await untilUse(
      (all) =>
        all.length === 3 &&
        all.every(({ usedMilli }) => usedMilli > 0) &&
        all.filter(({ reason }) => reason.includes(`yields to`)).length === 2,
    )
    enough.abort()
    for (const answers of await Promise.all(asking)) {
      expect(answers.length).toBeGreaterThan(5)
      expect(new Set(answers)).toEqual(new Set([36]))
    }
    const guarded = present(
      three.find(({ instanceId }) => instanceId.includes(first.id)),
      'the use of the function with an objective',
    )
    expect(guarded.reason).toContain('comes first')
    const others = three.filter(({ instanceId }) => instanceId !== guarded.instanceId)
    for (const { reason } of others) expect(reason).toContain(`yields to ${guarded.instanceId}`)

    writeFileSync(hurry, '')
    const ended = await cluster.ended(id)
    expect(ended.state, ended.reason).toBe('JOB_STATE_SUCCEEDED')
    for (const name of ['answer', 'filling']) expect((await cluster.cli(['function', 'rm', name])).code).toBe(0)
    await untilUse((all) => all.length === 0)
    // One device, three owners: each pays for what it used, at least what it was guaranteed and at most its limit.
    const { stdout: cost } = await cluster.cli(['cost', '--by', 'owner,device'])
    const part = Number(/^filling-team +nvidia-t4 .* (0\.\d+) +\S+ B$/m.exec(cost)?.[1])
    expect(part, cost).toBeGreaterThanOrEqual(0.1)
    expect(part, cost).toBeLessThan(0.3)
    for (const owner of ['training-team', 'serving-team']) expect(cost).toContain(owner)
  })

  async function deployOne(file: string): Promise<{ readonly id: string; readonly endpoint: string }> {
    const { code, stdout, stderr } = await cluster.cli(['--json', 'function', 'deploy', file])
    expect(code, stderr).toBe(0)
    const { id, instances } = JSON.parse(stdout) as Deployed
    return { id, endpoint: present(instances[0], 'an instance of the function').endpoint }
  }

  /** Asks as fast as answers come, until told to stop; the sums that were answered. */
  async function ask(endpoint: string, enough: AbortSignal, name = 'answer'): Promise<readonly number[]> {
    const sums: number[] = []
    const body = JSON.stringify({
      inputs: [{ name: 'rows', shape: [1, 8], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6, 7, 8] }],
    })
    while (!enough.aborted) {
      const response = await fetch(`http://${endpoint}/v2/models/${name}/infer`, { method: 'POST', body })
      const answer = (await response.json()) as { outputs?: readonly { readonly data: readonly number[] }[] }
      if (response.status !== 200) throw new Error(`answered ${response.status}: ${JSON.stringify(answer)}`)
      sums.push(present(answer.outputs?.[0]?.data[0], 'a sum'))
      await clock.sleep(20)
    }
    return sums
  }

  function functionFile(over: { readonly name?: string } & Readonly<Record<string, unknown>> = {}): string {
    const path = join(folder, `${over.name ?? 'function'}.yaml`)
    const file = {
      name: 'answer',
      folder: functionFolder,
      handler: 'gpu_serve:Answer',
      environment: { FAKE_GPU_FILE: gpu.path, PYTHONPATH: fakeGpuFolder, SERVICE_MS: '5' },
      slo: { latency_ms: 200, percentile: 99 },
      batch_max: 4,
      gpu_share: { request: 0.3, limit: 0.6, memory_gib: 2 },
      device_models: ['nvidia-t4'],
      owner: 'serving-team',
      ...over,
    }
    writeFileSync(path, JSON.stringify(file))
    return path
  }

  /** Environment of a function that finds the fake GPU. */
  function onFakeGpu(file: Record<string, unknown>): void {
    file['owner'] = 'training-team'
    Object.assign(file['function'] as object, {
      environment: { FAKE_GPU_FILE: gpu.path, PYTHONPATH: fakeGpuFolder },
    })
  }

  function aJob(name: string, share: Readonly<Record<string, number>>): JobOptions {
    return {
      name,
      entrypoint: 'gpu_train.py',
      arguments: ['--until', hurry, '--allocate-gib', '1'],
      samples: { [region]: 64_000 },
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
    const endsAtMs = clock.monotonicMs() + 60_000
    for (;;) {
      const { devices } = await cluster.services.regions.listDevices({ regions: [region] })
      const shared = present(
        devices.find((device) => device.device?.model === 'nvidia-t4'),
        'the GPU among the devices',
      )
      if (isIt(shared.uses)) return shared.uses
      if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain; uses are ${JSON.stringify(shared.uses)}`)
      await clock.sleep(200)
    }
  }
})
