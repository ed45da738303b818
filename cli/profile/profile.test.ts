import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderProfilePage } from './page.ts'
import { probeText, renderProfile } from './render.ts'
import { runProfiler, type Profiled, type ShownProbe } from './run-profiler.ts'
import { environmentOf, readTarget, type Target } from './target.ts'

const target: Target = {
  name: 'digits <b>',
  work: 'inference',
  digest: 'ab'.repeat(32),
  args: [],
  folder: '/functions/digits',
  environment: {},
  slo: { latencyMs: 40, percentile: 99, per: 'request' },
  batchMax: 8,
}
const probe = (smMilli: number, batch: number, latencyMs: number | null): ShownProbe => ({
  configuration: { smMilli, quotaMilli: 1000, batch, processes: 1 },
  measurement: latencyMs === null ? null : { latencyMs, throughputPerSecond: (1000 * batch) / latencyMs },
})
const found: Profiled = {
  device: { model: 'nvidia-t4', deviceId: 'GPU-1', driverVersion: '580.95', isMps: true },
  probes: [probe(1000, 1, 5), probe(300, 8, 38), probe(100, 8, 90), probe(1000, 16, null)],
  profile: {
    requestMilli: 300,
    limitMilli: 600,
    requestPerSecond: 210,
    limitPerSecond: 400,
    latencyMs: 38,
    batch: 8,
    instances: 2,
    probes: 4,
    atMs: 0,
  },
  because: '',
  isRemembered: false,
}
const style = pc.createColors(false)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudless-cli-profile-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('what a profile says', () => {
  test('what to ask for, and what that gives', () => {
    const text = renderProfile(target, found, style)
    expect(text).toContain('on nvidia-t4 (driver 580.95, MPS)')
    expect(text).toMatch(/request +30 % +210 +38 ms at batch 8/)
    expect(text).toMatch(/limit +60 % +400/)
    expect(text).toContain('2 instances carry the rate')
    expect(text).toContain('gpu_share: { request: 0.3, limit: 0.6 }')
    expect(text).not.toContain('profile: auto')
    const points = [{ batch: 8, smMilli: 300, quotaMilli: 1000, latencyMs: 38 }]
    const kept = { ...found, profile: { ...found.profile!, points } }
    expect(renderProfile(target, kept, style)).toMatch(/profile: auto for how long its batches take \(1 points;/)
  })

  test('why nothing does, and that an answer is remembered', () => {
    const none = { ...found, profile: null, because: 'the quickest took 50.0 ms' }
    expect(renderProfile(target, none, style)).toContain('nothing does: the quickest took 50.0 ms')
    expect(renderProfile(target, { ...found, isRemembered: true }, style)).toContain('--anew measures again')
    expect(probeText(probe(500, 4, null))).toBe('SM 50 %, batch 4: does not fit')
  })

  test('the page holds every probe, and names are text', () => {
    const page = renderProfilePage(target, found, 'body { margin: 0 }')
    expect(page).toContain('Profile of digits &lt;b&gt;')
    expect(page.match(/<circle/g)).toHaveLength(3)
    expect(page.match(/<path/g)).toHaveLength(1)
    expect(page.match(/fill="none"/g)).toHaveLength(1)
    expect(page).toContain('does not fit the memory')
    expect(page).not.toContain('NaN')
    const training = renderProfilePage({ ...target, work: 'training', slo: null }, found, '')
    expect(training).toContain('steps/s')
    expect(training).not.toContain('NaN')
  })
})

describe('what is profiled', () => {
  test("a job's script, alone: nothing tells it that it is part of a job", async () => {
    mkdirSync(join(folder, 'fn'))
    writeFileSync(join(folder, 'fn/train.py'), 'print(1)\n')
    const file = join(folder, 'job.yaml')
    writeFileSync(
      file,
      'name: digits\nfunction: { folder: fn, entrypoint: train.py, environment: { LEVEL: "3" } }\n' +
        "data: { shards: [{ region: onprem/lab, uri: 'file:///data.npz', samples: 64 }] }\n" +
        'sync: { strategy: asgd-ga, interval: 4 }\n',
    )
    const job = await readTarget(file)
    expect(job).toMatchObject({
      name: 'digits',
      work: 'training',
      args: ['train.py'],
      folder: join(folder, 'fn'),
      slo: null,
    })
    expect(job.digest).toMatch(/^[0-9a-f]{64}$/)
    const environment = environmentOf(job, { PATH: '/bin', CLOUDLESS_PARAMETER_SERVER: 'unix:/x', PYTHONPATH: '/mine' })
    expect(environment).toMatchObject({ PATH: '/bin', LEVEL: '3' })
    expect(environment['CLOUDLESS_PARAMETER_SERVER']).toBeUndefined()
    expect(environment['PYTHONPATH']).toMatch(/physical-plane\/worker$/)
  })

  test("a function's handler, in batches up to its largest, to its own SLO", async () => {
    writeFileSync(join(folder, 'model.py'), 'class Digits: pass\n')
    const file = join(folder, 'function.yaml')
    writeFileSync(
      file,
      'name: digits\nhandler: model:Digits\nslo: { latency_ms: 40, percentile: 95, per: token }\nbatch_max: 12\n',
    )
    const handler = await readTarget(file)
    const slo = { latencyMs: 40, percentile: 95, per: 'token' }
    const named = ['-m', 'cloudless.profile', '--handler', 'model:Digits', '--bundle', folder]
    const args = [...named, '--percentile', '95', '--per', 'token']
    expect(handler).toMatchObject({ work: 'inference', slo, batchMax: 12, args })
  })

  test('a function file may be JSON, as all YAML may', async () => {
    const file = join(folder, 'function.json')
    writeFileSync(file, JSON.stringify({ name: 'digits', handler: 'model:Digits' }))
    expect((await readTarget(file)).work).toBe('inference')
  })

  test('a file that is not there is told as any job file is', async () => {
    await expect(readTarget(join(folder, 'none.yaml'))).rejects.toMatchObject({ reason: 'JOB_FILE' })
  })
})

describe("the profiler's process", () => {
  const config = {
    function: 'digits',
    digest: 'ab'.repeat(32),
    work: 'training',
    slo_latency_ms: null,
    rate_per_second: null,
    batches: [1],
    seconds_per_probe: 0.1,
    device_model: null,
    uses_mps: false,
    is_anew: false,
  }
  const signal = new AbortController().signal

  test('a machine without a GPU says so', async () => {
    const environment = { PATH: '/nowhere' }
    const running = runProfiler(
      { ...config, folder: join(folder, 'state'), program: { command: 'python3', args: [], folder, environment } },
      { environment, signal, onEvent: () => {} },
    )
    await expect(running).rejects.toMatchObject({ kind: 'unavailable', reason: 'NO_GPU' })
  })
})
