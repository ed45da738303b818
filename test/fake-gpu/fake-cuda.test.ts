import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildFakeGpu, hasCompiler, type BuiltFakeGpu, type FakeGpuClient } from './build-fake-gpu.ts'
import { makeFakeGpu } from './fake-gpu.ts'

const hasPython = spawnSync('python3', ['--version'], { stdio: 'ignore' }).status === 0

const fromPython = `
from fake_cuda import CudaError, FakeCuda
gpu = FakeCuda()
kernel = gpu.kernel("train_kernel", micros=50, demand=0.5)
side = gpu.stream()
gpu.launch(kernel, times=20)
gpu.launch(kernel, stream=side)
gpu.synchronize(side)
gpu.synchronize()
before = gpu.memory()
pointer = gpu.allocate(1 << 20)
assert before[0] - gpu.memory()[0] == 1 << 20, gpu.memory()
gpu.free(pointer)
assert gpu.memory() == before
try:
    gpu.allocate(before[1] + 1)
except CudaError as error:
    print("refused with", error.code)
`

const doors = `
import ctypes
driver = ctypes.CDLL("libcuda.so.1")
def ask(name, version, flags):
    found, status = ctypes.c_void_p(), ctypes.c_int(-1)
    code = driver.cuGetProcAddress_v2(name, ctypes.byref(found), version, ctypes.c_uint64(flags), ctypes.byref(status))
    old = ctypes.c_void_p()
    assert driver.cuGetProcAddress(name, ctypes.byref(old), version, ctypes.c_uint64(flags)) == code
    assert old.value == found.value
    return code, status.value, found.value
def address(symbol):
    return ctypes.cast(getattr(driver, symbol), ctypes.c_void_p).value
assert ask(b"cuCtxSynchronize", 12000, 0) == (0, 0, address("cuCtxSynchronize"))
assert ask(b"cuCtxSynchronize", 13000, 0) == (0, 0, address("cuCtxSynchronize_v2"))
assert ask(b"cuLaunchKernel", 13000, 0) == (0, 0, address("cuLaunchKernel"))
assert ask(b"cuLaunchKernel", 13000, 2) == (0, 0, address("cuLaunchKernel_ptsz"))
assert ask(b"cuLaunchKernelEx", 11000, 0) == (500, 2, None)
assert ask(b"cuMemAlloc", 3020, 2) == (0, 0, address("cuMemAlloc_v2"))
assert ask(b"cuGetProcAddress", 11030, 0) == (0, 0, address("cuGetProcAddress"))
assert ask(b"cuGetProcAddress", 12000, 0) == (0, 0, address("cuGetProcAddress_v2"))
assert ask(b"cuNothing", 13000, 0) == (500, 1, None)
print("all doors open")
`

describe.skipIf(!hasCompiler())('programs on the fake GPU', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cl-fake-programs-'))
  const path = join(folder, 'device.gpu')
  let fake: BuiltFakeGpu
  beforeAll(async () => {
    fake = await buildFakeGpu()
    makeFakeGpu(path, { model: 'processor-sharing' })
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    FAKE_GPU_FILE: path,
    LD_LIBRARY_PATH: fake.folder,
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
  })

  const runClient = (name: FakeGpuClient, args: readonly string[]): Record<string, number> => {
    const { stdout, status, stderr } = spawnSync(fake.client(name), args, { env: environment(), encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>
  }

  const runPython = (program: string): string => {
    const { stdout, stderr } = spawnSync('python3', ['-c', program], { env: environment(), encoding: 'utf8' })
    return stdout === '' ? stderr : stdout
  }

  test.skipIf(!hasPython)('Python launches, waits, and is refused memory that is not there', () => {
    expect(runPython(fromPython)).toBe('refused with 2\n')
  })

  test.skipIf(!hasPython)('names are answered with the newest version that the asker knows', () => {
    expect(runPython(doors)).toBe('all doors open\n')
  })

  test.each(['host', 'nccl'])('training computes as long as it is told to, with bubbles of %s', (bubble) => {
    const args = ['--seconds', '0.2', '--compute-ms', '8', '--bubble-ms', '2', '--kernels', '40', '--bubble', bubble]
    const trained = runClient('train', args)
    expect(trained['iterations']).toBeGreaterThan(0)
    // A kernel that only communicates takes 3 % of the device.
    const perIteration = bubble === 'host' ? 8 : 8.06
    expect(trained['gpu_ms']! / trained['iterations']!).toBeCloseTo(perIteration, 3)
  })

  test('requests take at least what they compute, fillers take what is there', () => {
    const served = runClient('serve', ['--seconds', '0.3', '--rate', '50', '--service-ms', '1', '--demand', '500'])
    expect(served['requests']).toBeGreaterThan(0)
    expect(served['p50_ms']).toBeGreaterThanOrEqual(1)
    expect(served['gpu_ms']! / served['requests']!).toBeCloseTo(0.5, 6)
    const filled = runClient('fill', ['--seconds', '0.2', '--ahead', '4'])
    expect(filled['gpu_ms']).toBeGreaterThan(0)
    expect(filled['gpu_ms']).toBeLessThanOrEqual(filled['seconds']! * 1000 + 0.001)
  })
})
