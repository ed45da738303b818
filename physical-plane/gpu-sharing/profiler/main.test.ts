import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'

const fakeFolder = join(import.meta.dirname, '../../../test/fake-gpu')

type Line = Readonly<Record<string, unknown>> & { readonly kind: string }

describe('the profiler as a process, refusing', () => {
  let folder: string
  let environment: Record<string, string>
  let config: Record<string, unknown>

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-profile-main-'))
    const gpu = makeFakeGpu(join(folder, 'gpu'), { model: 'processor-sharing', name: 'Tesla T4' })
    environment = {
      PATH: `${fakeFolder}:${process.env['PATH'] ?? ''}`,
      FAKE_GPU_FILE: gpu.path,
    }
    config = {
      folder: join(folder, 'state'),
      function: 'resnet',
      digest: 'ab'.repeat(32),
      work: 'inference',
      program: {
        command: 'true',
        args: [],
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
