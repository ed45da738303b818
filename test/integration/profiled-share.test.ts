// A share that is left to its profile, through the command line as a person would do it: refused, measured, deployed. Processes, agent
// and control plane are the real ones, the GPU is test/fake-gpu.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import { explainSkip, functionFolder, python, TestCluster } from './cluster.fixture.ts'

type Spec = Readonly<Record<string, unknown>>
type Measured = { readonly profile: Readonly<Record<string, number>>; readonly points: readonly PointInFile[] }
type PointInFile = {
  readonly device_model: string
  readonly batch: number
  readonly sm: number
  readonly quota: number
  readonly latency_ms: number
}
type Answer = { readonly state: string; readonly spec: Spec; readonly profile: Readonly<Record<string, unknown>> }

const region = 'aws/us-east-1'
const fakeGpuFolder = join(import.meta.dirname, '../fake-gpu')
const isPossible = python !== '' && hasCompiler()
if (!isPossible) {
  explainSkip('profiled-share')
  if (!hasCompiler()) process.stderr.write('profiled-share: skipped, there is no C compiler (cc) on PATH\n')
}

describe.skipIf(!isPossible)('a share that is left to its profile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'auto-'))
  const path = join(folder, 'function.yaml')
  let cluster: TestCluster
  let environment: Record<string, string>

  beforeAll(async () => {
    const { folder: driver } = await buildFakeGpu()
    const gpu = makeFakeGpu(join(folder, 'gpu'), { name: 'Tesla T4', model: 'processor-sharing' })
    environment = {
      FAKE_GPU_FILE: gpu.path,
      LD_LIBRARY_PATH: driver,
      PATH: `${fakeGpuFolder}${delimiter}${process.env['PATH'] ?? ''}`,
    }
    const agentFlags = { [region]: { '--mps': 'off' } }
    cluster = await TestCluster.start({ regions: [region], cpuUnits: 2, agentFlags, environment })
    const file = {
      name: 'answer',
      folder: functionFolder,
      handler: 'gpu_serve:Answer',
      environment: { FAKE_GPU_FILE: gpu.path, PYTHONPATH: fakeGpuFolder, SERVICE_MS: '2' },
      slo: { latency_ms: 400 },
      batch_max: 2,
      gpu_share: { request: 'auto', memory_gib: 2 },
      profile: 'auto',
      device_models: ['nvidia-t4'],
    }
    writeFileSync(path, JSON.stringify(file))
  })

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is refused while nobody has measured it, then is what was measured, in numbers and told', async () => {
    const refused = await cluster.cli(['function', 'deploy', path])
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('answer is not measured on nvidia-t4')
    expect(refused.stderr).toContain(`cloudless profile ${path} --device nvidia-t4`)

    const measure = ['--json', 'profile', path, '--seconds', '0.1', '--no-mps']
    const measured = await cluster.cli(measure, { ...environment, CLOUDLESS_PYTHON: python })
    expect(measured.code, `${measured.stdout}${measured.stderr}`).toBe(0)
    const { profile: found, points } = JSON.parse(measured.stdout) as Measured
    const share = { request_milli: found['request_milli'], limit_milli: found['limit_milli'] }
    expect(share.request_milli).toBeGreaterThan(0)
    expect(points.length).toBeGreaterThan(3)
    expect(points.every(({ sm }) => sm === 1)).toBe(true)

    const dry = await cluster.cli(['--json', 'function', 'deploy', path, '--dry-run'])
    expect(dry.code, dry.stderr).toBe(0)
    const deployed = await cluster.cli(['--json', 'function', 'deploy', path])
    expect(deployed.code, deployed.stderr).toBe(0)
    expect(deployed.stderr).toContain('share of answer from its profile (nvidia-t4')
    for (const { stdout } of [dry, deployed]) {
      const { spec, profile } = JSON.parse(stdout) as Answer
      expect(spec).toMatchObject({ gpu_share: share, batch_max: found['batch'], device_models: ['nvidia-t4'] })
      // How long batches take is what was measured too, in parts of time: without MPS nothing holds multiprocessors apart.
      const stored = points.map(({ sm, quota, ...point }) => ({
        ...point,
        sm_milli: 1000 * sm,
        quota_milli: 1000 * quota,
      }))
      expect(spec['profile']).toEqual(stored)
      expect(profile).toMatchObject({ function: 'answer', device_model: 'nvidia-t4', ...share, batch: found['batch'] })
    }
    expect((JSON.parse(deployed.stdout) as Answer).state).toMatch(/ready/i)
    // What is stored knows nothing of profiles.
    const { stdout } = await cluster.cli(['--json', 'function', 'get', 'answer'])
    expect((JSON.parse(stdout) as Answer).spec).toMatchObject({ gpu_share: share })

    writeFileSync(path, readFileSync(path, 'utf8').replace('"latency_ms":400', '"latency_ms":300'))
    const changed = await cluster.cli(['function', 'deploy', path])
    expect(changed.code).not.toBe(0)
    expect(changed.stderr).toContain('for 400 ms per request at the 99th percentile, and the file has 300 ms')
  })
})
