import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import type { GpuSharing } from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import { buildFakeGpu, hasCompiler } from '../fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '../fake-gpu/fake-gpu.ts'
import { measureInTime } from '#physical-plane/gpu-sharing/profiler/measure-in-time.ts'
import {
  measureOnDevice,
  type DeviceUnderTest,
  type MeasuringProgram,
} from '#physical-plane/gpu-sharing/profiler/measure-on-device.ts'
import type { Configuration } from '#physical-plane/gpu-sharing/profiler/measure.ts'
import { Probes } from '#physical-plane/gpu-sharing/profiler/probes.ts'
import { searchTraining } from '#physical-plane/gpu-sharing/profiler/training-search.ts'

const whole: Configuration = { smMilli: 1000, quotaMilli: 1000, batch: 4, processes: 1 }

describe.skipIf(!hasCompiler())('measuring on a device, which is a fake one (skipped without cc)', () => {
  let folder: string
  let sharing: GpuSharing
  let under: DeviceUnderTest
  let program: MeasuringProgram

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-profiler-'))
    const fake = await buildFakeGpu()
    const gpu = makeFakeGpu(join(folder, 'gpu'), { model: 'processor-sharing' })
    sharing = openSharing(
      { folder: '/dev/shm', owner: folder },
      {
        clock: systemClock(),
        monotonicNs: () => Number(process.hrtime.bigint()),
        processes: systemProcesses,
        log: silentLog,
        config: sharingConfig,
      },
    )
    under = {
      device: { deviceId: gpu.uuid, memoryBytes: gpu.memoryBytes },
      sharing,
      library: await buildInterposer({ folder: join(tmpdir(), 'cloudless-profiler-interposer') }),
      isMps: false,
    }
    program = {
      command: 'python3',
      args: [join(import.meta.dirname, 'functions/measuring_program.py'), '10', '5', '8'],
      folder,
      environment: {
        PATH: process.env['PATH'] ?? '',
        FAKE_GPU_FILE: gpu.path,
        LD_LIBRARY_PATH: fake.folder,
        FAKE_CUDA_FOLDER: join(import.meta.dirname, '../fake-gpu'),
      },
      seconds: 0.5,
      work: 'inference',
    }
  })

  afterAll(() => {
    sharing.close({ removesFiles: true })
    rmSync(folder, { recursive: true, force: true })
  })

  const measure = (changed: Partial<MeasuringProgram> = {}) =>
    measureOnDevice(under, { ...program, ...changed }, seededRandom(1))
  const never = new AbortController().signal
  const shell = (script: string): Partial<MeasuringProgram> => ({ command: 'sh', args: ['-c', script] })

  test('half of the quota gives about half of the throughput', async () => {
    const full = await measure()(whole, never)
    const half = await measure()({ ...whole, smMilli: 500 }, never)
    expect(full?.latencyMs).toBeGreaterThan(29.9)
    const ratio = half!.throughputPerSecond / full!.throughputPerSecond
    // Wide: the machine may be busy with other tests, which holds the full quota up most.
    expect(ratio).toBeGreaterThan(0.3)
    expect(ratio).toBeLessThan(0.8)
    expect(sharing.uses()).toEqual([])
  })

  test('under MPS the percentage stands for multiprocessors, and tokens for time only', async () => {
    const printed = shell(
      'echo "{\\"latency_ms\\": $CUDA_MPS_ACTIVE_THREAD_PERCENTAGE, \\"throughput_per_second\\": $CLOUDLESS_PROFILE_BATCH}"',
    )
    const mps = measureOnDevice({ ...under, isMps: true }, { ...program, ...printed }, seededRandom(2))
    expect(await mps({ ...whole, smMilli: 250 }, never)).toEqual({ latencyMs: 25, throughputPerSecond: 4 })
  })

  test('a batch that does not fit is no measurement, and no error', async () => {
    expect(await measure()({ ...whole, batch: 16 }, never)).toBeNull()
  })

  test('several processes add up', async () => {
    const printed = shell('echo \'{"latency_ms": 5, "throughput_per_second": 10}\'')
    expect(await measure(printed)({ ...whole, processes: 3 }, never)).toEqual({ latencyMs: 5, throughputPerSecond: 30 })
  })

  test.each([
    ['exit 3', 'ended with code 3'],
    ['echo lost the device >&2; exit 1', 'lost the device'],
    ['kill -9 $$', 'was ended by SIGKILL'],
    ['echo warming up', 'last line is no JSON: "warming up"'],
    ['echo \'{"latency_ms": "fast"}\'', 'has not latency_ms'],
    ['yes | head -c 3000000', 'printed more than'],
  ])('a program that does `%s` is an error that says so and names the probe', async (script, told) => {
    const probing = new Probes({ measure: measure(shell(script)) }).at(whole)
    await expect(probing).rejects.toMatchObject({
      reason: 'PROBE_FAILED',
      message: expect.stringContaining(told) as unknown,
    })
    await expect(probing).rejects.toThrow('SM 100 %, batch 4')
    expect(sharing.uses()).toEqual([])
  })

  test('a program that is not there is an error', async () => {
    const probing = new Probes({ measure: measure({ command: '/nowhere/python' }) }).at(whole)
    await expect(probing).rejects.toThrow('did not start')
  })

  test('one that hangs is killed with all that it started', async () => {
    const hung = measureInTime(measure(shell('sleep 1000 & echo $! > child; sleep 1000')), systemClock(), 300)
    await expect(new Probes({ measure: hung }).at(whole)).rejects.toMatchObject({ kind: 'deadline' })
    // Dead, though perhaps not yet buried.
    const left = shell(
      'sleep 0.1; grep -qs "^State:.[^ZX]" "/proc/$(cat child)/status" && exit 1; echo \'{"out_of_memory": true}\'',
    )
    expect(await measure(left)(whole, never)).toBeNull()
  })

  test('a search runs on it as it does on a recorded surface', async () => {
    const probes = new Probes({ measure: measure({ seconds: 0.4, work: 'training' }) })
    const found = await searchTraining({ probes, smMilli: [200, 400, 600, 800, 1000] })
    expect(found?.requestMilli).toBeGreaterThanOrEqual(400)
    expect(found?.limitMilli).toBeGreaterThanOrEqual(found?.requestMilli ?? 0)
  })
})
