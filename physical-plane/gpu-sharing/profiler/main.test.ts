import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'

const fakeFolder = join(import.meta.dirname, '../../../test/fake-gpu')

type Line = Readonly<Record<string, unknown>> & { readonly kind: string }

describe.skipIf(!hasCompiler())('the profiler as a process, on a fake GPU (skipped without cc)', () => {
  let folder: string
  let environment: Record<string, string>
  let config: Record<string, unknown>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-profile-main-'))
    const fake = await buildFakeGpu()
    const gpu = makeFakeGpu(join(folder, 'gpu'), { model: 'processor-sharing', name: 'Tesla T4' })
    environment = {
      PATH: `${fakeFolder}:${process.env['PATH'] ?? ''}`,
      FAKE_GPU_FILE: gpu.path,
      LD_LIBRARY_PATH: fake.folder,
      FAKE_CUDA_FOLDER: fakeFolder,
    }
    config = {
      folder: join(folder, 'state'),
      function: 'resnet',
      digest: 'ab'.repeat(32),
      work: 'inference',
      program: {
        command: 'python3',
        args: [join(import.meta.dirname, 'measuring-program.fixture.py'), '4', '1', '4'],
        folder,
        environment,
      },
      slo_latency_ms: 40,
      rate_per_second: null,
      batches: [1, 2, 4, 8],
      seconds_per_probe: 0.1,
      device_model: 'nvidia-t4',
      uses_mps: false,
      is_anew: false,
    }
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = async (changed: Record<string, unknown> = {}, path = environment['PATH']!) => {
    const file = join(folder, 'config.json')
    writeFileSync(file, JSON.stringify({ ...config, ...changed }))
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--config', file], {
      env: { ...environment, PATH: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (data: Buffer) => (text += data.toString()))
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    const lines = text.trim().split('\n')
    return { code, lines: lines.map((line) => JSON.parse(line) as Line) }
  }

  test('profiles a function, tells each probe, and remembers the answer', async () => {
    const { code, lines } = await run()
    expect(code).toBe(0)
    expect(lines[0]).toMatchObject({ kind: 'device', model: 'nvidia-t4', isMps: false })
    expect(lines.at(-1)).toMatchObject({ kind: 'answer', isRemembered: false, profile: { instances: 1 } })
    expect(lines.filter(({ kind }) => kind === 'probe').length).toBeGreaterThan(3)
    const again = await run()
    expect(again.lines.map(({ kind }) => kind)).toEqual(['device', 'answer'])
    expect(again.lines.at(-1)).toEqual({ ...lines.at(-1), isRemembered: true })
  }, 60_000)

  test('an SLO that cannot be met is an answer', async () => {
    const { code, lines } = await run({ slo_latency_ms: 1 })
    expect(code).toBe(0)
    expect(lines.at(-1)).toMatchObject({ kind: 'none', because: expect.stringContaining('SLO is 1 ms') as unknown })
  }, 60_000)

  test.each([
    ['another device', { device_model: 'nvidia-h100' }, 'this machine has no nvidia-h100, but nvidia-t4'],
    ['a wrong field', { batches: [0] }, 'batches.0'],
    ['an unknown field', { batch: 4 }, 'batch'],
  ])('%s is an error that says so', async (_, changed, told) => {
    const { code, lines } = await run(changed)
    expect(code).toBe(1)
    expect(lines).toMatchObject([{ kind: 'error', error: { message: expect.stringContaining(told) as unknown } }])
  })

  test('a machine without nvidia-smi has no GPU, and it says so', async () => {
    const { code, lines } = await run({}, '/nowhere')
    expect(code).toBe(1)
    expect(lines).toMatchObject([{ kind: 'error', error: { reason: 'NO_GPU' } }])
  })
})
