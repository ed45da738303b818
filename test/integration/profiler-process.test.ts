// `cloudless profile` but for its Python: the profiler's process, the interposer, its manager, and a program on the fake GPU.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProfiler } from '#cli/profile/run-profiler.ts'
import { buildFakeGpu, hasCompiler } from '../fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '../fake-gpu/fake-gpu.ts'

const fakeFolder = join(import.meta.dirname, '../fake-gpu')

describe.skipIf(!hasCompiler())('profiling a function on a fake GPU (skipped without cc)', () => {
  let folder: string
  let environment: Record<string, string>
  let config: Record<string, unknown>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-profile-process-'))
    const fake = await buildFakeGpu()
    const gpu = makeFakeGpu(join(folder, 'gpu'), { model: 'processor-sharing', name: 'Tesla T4' })
    environment = {
      PATH: `${fakeFolder}:${process.env['PATH'] ?? ''}`,
      FAKE_GPU_FILE: gpu.path,
      LD_LIBRARY_PATH: fake.folder,
      FAKE_CUDA_FOLDER: fakeFolder,
    }
    const program = join(import.meta.dirname, 'functions/measuring_program.py')
    config = {
      folder: join(folder, 'state'),
      function: 'digits',
      digest: 'ab'.repeat(32),
      work: 'inference',
      program: { command: 'python3', args: [program, '4', '1', '4'], folder, environment },
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

  const run = async (changed: Record<string, unknown> = {}) => {
    const kinds: string[] = []
    const { signal } = new AbortController()
    const given = { environment, signal, onEvent: ({ kind }: { readonly kind: string }) => kinds.push(kind) }
    return { kinds, ...(await runProfiler({ ...config, ...changed }, given)) }
  }

  test('each probe is told, the answer keeps to the SLO and is remembered', async () => {
    const first = await run()
    expect(first.device).toMatchObject({ model: 'nvidia-t4', isMps: false })
    expect(first.kinds.filter((kind) => kind === 'probe')).toHaveLength(first.probes.length)
    expect(first.probes.length).toBeGreaterThan(3)
    expect(first.profile?.latencyMs).toBeLessThanOrEqual(40)
    expect(first.profile?.requestMilli).toBeLessThanOrEqual(first.profile?.limitMilli ?? 0)
    const again = await run()
    expect(again.kinds).toEqual(['device', 'answer'])
    expect(again).toMatchObject({ isRemembered: true, profile: first.profile })
    const anew = await run({ is_anew: true, work: 'training', slo_latency_ms: null, batches: [1] })
    expect(anew).toMatchObject({ isRemembered: false, profile: { latencyMs: null } })
  })

  test('an SLO that cannot be met is an answer', async () => {
    const none = await run({ slo_latency_ms: 1 })
    expect(none).toMatchObject({ profile: null, because: expect.stringContaining('SLO is 1 ms') as unknown })
  })
})
