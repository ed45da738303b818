import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasCompiler, InterposerBench, withoutCompiler, type TestGpu } from './interposer.fixture.ts'

// Each call with arguments that differ from one another, as its ABI takes them: hexadecimal as the driver writes them down.
const calls = {
  cuLaunchKernel: '0xabc0:3:4:5:0x101:0x102:0x103:0x104:0x5000:0x105:0x106',
  cuLaunchKernelEx: '0x900:0xabc0:0x105:0x106',
  cuLaunchCooperativeKernel: '0xabc0:3:4:5:0x101:0x102:0x103:0x104:0x5000:0x105',
  cuLaunchGrid: '0xabc0:3:4',
  cuGraphLaunch: '0x6100:0x5000',
  cuStreamSynchronize: '0x5000',
  cuStreamQuery: '0x5000',
  cuEventSynchronize: '0x5100',
  cuEventQuery: '0x5100',
  cuCtxSynchronize: '',
  cuCtxSynchronize_v2: '0xc0',
  cuStreamBeginCapture: '0x5000',
  cuStreamBeginCapture_v2: '0x5000:2',
  cuStreamBeginCaptureToGraph: '0x5000:0x6000:0x106:0x107:0x108:2',
  cuGraphExecUpdate: '0x6100:0x6000:0x106:0x107',
  cuGraphExecUpdate_v2: '0x6100:0x6000:0x107',
  cuGraphExecDestroy: '0x6100',
  cuStreamDestroy_v2: '0x5000',
  cuCtxDestroy_v2: '0xc0',
  cuMemcpy: '0x10000000001:0x10000000002:0x10000000003',
  cuMemcpyDtoH_v2: '0x10000000001:0x10000000002:0x10000000003',
  cuDevicePrimaryCtxReset_v2: '0',
  cuModuleUnload: '0x5200',
  cuLibraryUnload: '0x5200',
  cuMemFree_v2: '0x10000000001',
  cuMemFreeAsync: '0x10000000001:0x5000',
  cuMemRelease: '0x10000000001',
} as const

// These write to where their first argument points.
const telling = {
  cuStreamEndCapture: '0x5000:@',
  cuGraphInstantiate: '@:0x6000:0x106:0x107:0x108',
  cuGraphInstantiate_v2: '@:0x6000:0x106:0x107:0x108',
  cuGraphInstantiateWithFlags: '@:0x6000:0x10000000106',
  cuGraphInstantiateWithParams: '@:0x6000:0x106',
  cuMemAlloc_v2: '@:0x10000000001',
  cuMemAllocPitch_v2: '@:0x100:0x10001:0x101:4',
  cuMemAllocManaged: '@:0x10000000001:1',
  cuMemAllocAsync: '@:0x10000000001:0x5000',
  cuMemAllocFromPoolAsync: '@:0x10000000001:0x5300:0x5000',
  cuMemCreate: '@:0x10000000001:0:0',
  cuMemRetainAllocationHandle: '@:0x10000000002',
  cuDeviceTotalMem_v2: '@:0',
} as const

// The runtime's names of the per-thread default stream's variants.
const perThread: Readonly<Record<string, string>> = { cuMemcpy: '_ptds', cuMemcpyDtoH_v2: '_ptds' }
const withoutVariant = new Set(
  `cuEventSynchronize cuEventQuery cuCtxSynchronize cuCtxSynchronize_v2 cuLaunchGrid cuGraphExecUpdate
  cuGraphExecUpdate_v2 cuGraphExecDestroy cuStreamDestroy_v2 cuCtxDestroy_v2 cuDevicePrimaryCtxReset_v2
  cuModuleUnload cuLibraryUnload cuMemFree_v2 cuMemRelease cuGraphInstantiate cuGraphInstantiate_v2
  cuGraphInstantiateWithFlags cuMemAlloc_v2 cuMemAllocPitch_v2 cuMemAllocManaged cuMemCreate
  cuMemRetainAllocationHandle cuDeviceTotalMem_v2`.split(/\s+/),
)

const launches = ['cuLaunchKernel', 'cuLaunchCooperativeKernel', 'cuLaunchGrid', 'cuGraphLaunch'] as const

describe.skipIf(!hasCompiler)(`doors to the driver${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  let bench: InterposerBench
  let gpus = 0

  beforeAll(async () => {
    bench = await InterposerBench.open()
  })
  afterAll(() => bench.close())

  const aGpu = (): TestGpu => bench.gpu(`doors-${gpus++}`)

  for (const door of ['elf', 'dlsym', 'next', 'default', 'old', 'new', 'thread']) {
    test(`${door}: every call arrives at the driver with its arguments unharmed, in the ABI that was asked for`, async () => {
      const isThread = door === 'thread'
      const script = [...Object.entries(calls), ...Object.entries(telling)].map(([name, given]) => `${name}:${given}`)
      const ran = await bench.run([aGpu()], [door, ...script.map((line) => line.replace('0x900', '#3,4,5,5000'))])
      expect(ran.errors).toBe('')
      expect(ran.lines).toEqual(['done'])
      const nameOf = (name: string): string =>
        isThread && !withoutVariant.has(name) ? `${name}${perThread[name] ?? '_ptsz'}` : name
      for (const [name, given] of Object.entries(calls)) {
        if (name === 'cuLaunchKernelEx') continue
        const words = given === '' ? [] : given.split(':').map((word) => Number(word).toString(16))
        expect(ran.calls).toContain([nameOf(name), ...words].join(' '))
      }
      for (const [name, given] of Object.entries(telling)) {
        const words = given
          .split(':')
          .filter((word) => word !== '@')
          .map((word) => Number(word).toString(16))
        const made = ran.calls.filter((call) => call.startsWith(`${nameOf(name)} `)).map((call) => call.split(' '))
        expect(made.map((call) => words.every((word) => call.includes(word)))).toContain(true)
      }
      expect(ran.calls.some((call) => /^cuLaunchKernelEx(_ptsz)? [0-9a-f]+ abc0 105 106$/.test(call))).toBe(true)
    })

    test(`${door}: every launch is counted and charged`, async () => {
      const gpu = aGpu()
      const script = launches.map((name) => `${name}:${calls[name]}`)
      const client = bench.start([gpu], [door, ...script, 'cuLaunchKernelEx:#3,4,5,5000:0xabc0', 'line'])
      await client.ready()
      expect(gpu.slot(0)).toMatchObject({ launches: 5, graphLaunches: 1, isBusy: true, tag: 77n, name: 'client' })
      expect(gpu.slot(0).spentNs).toBeGreaterThan(0)
      client.goOn()
      await client.ended()
    })
  }

  test('without the environment the driver is called and nothing else', async () => {
    const script = ['cuLaunchKernel:0xabc0:1:1:1:1:1:1', 'cuMemAlloc_v2:@:64', 'cuCtxSynchronize']
    const ran = await bench.run([], ['new', ...script], { CLOUDLESS_GPU_FILES: '' })
    const called = ran.calls.filter((call) => !call.startsWith('?')).map((call) => call.split(' ')[0])
    expect(called).toEqual(['cuLaunchKernel', 'cuMemAlloc_v2', 'cuCtxSynchronize'])
  })

  test('a call of an ABI that we do not hook is the driver’s own', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', 'cuMemAlloc:@:64', 'cuMemAlloc_v2:@:32', 'line'])
    await client.ready()
    expect(gpu.slot(0).memoryBytes).toBe(32)
    client.goOn()
    expect((await client.ended()).calls.some((call) => /^cuMemAlloc [0-9a-f]+ 40$/.test(call))).toBe(true)
  })
})
