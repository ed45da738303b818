import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync, chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { headerFields, layoutConstants, slotAt } from '#physical-plane/gpu-sharing/layout.ts'
import {
  hasCompiler,
  InterposerBench,
  withoutCompiler,
  type RunningClient,
  type TestGpu,
} from './interposer.fixture.ts'

const launch = 'cuLaunchKernel:0xabc0:8:1:1:256:1:1:0:0x5000'
const many = 200

describe.skipIf(!hasCompiler)(`an interposer in trouble${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  let bench: InterposerBench
  let gpus = 0

  beforeAll(async () => {
    bench = await InterposerBench.open()
  })
  afterAll(() => bench.close())

  const aGpu = (): TestGpu => bench.gpu(`faults-${gpus++}`)

  describe('a file that is not as it should be is refused in one line, and everything passes', () => {
    const u32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(value)
      return bytes
    }
    const cases: readonly (readonly [string, (gpu: TestGpu) => void])[] = [
      ['size is 100, not 90112', (gpu) => truncateSync(gpu.path, 100)],
      ['size is 0, not 90112', (gpu) => truncateSync(gpu.path, 0)],
      ['magic is 18446744073709551615, not 3554835747897625667', (gpu) => gpu.write(0, Buffer.alloc(8, 255))],
      ['version is 7, not 2', (gpu) => gpu.write(headerFields.version.at, u32(7))],
      ['slots is 9, not 256', (gpu) => gpu.write(headerFields.slots.at, u32(9))],
      ['slot_bytes is 9, not 320', (gpu) => gpu.write(headerFields.slotBytes.at, u32(9))],
      ['file_bytes is 9, not 90112', (gpu) => gpu.write(headerFields.fileBytes.at, u32(9))],
      ['write permission of others is 18, not 0', (gpu) => chmodSync(gpu.path, 0o622)],
    ]
    for (const [complaint, spoil] of cases) {
      test(`its ${complaint}`, async () => {
        const gpu = aGpu()
        spoil(gpu)
        const ran = await bench.run([gpu], ['new', launch, launch, 'cuMemAlloc_v2:@:64', 'cuCtxSynchronize'])
        expect(ran.lines).toEqual(['done'])
        expect(ran.errors.trim().split('\n')).toEqual([
          expect.stringContaining(`${gpu.path}: refused, its ${complaint};`),
        ])
        expect(ran.calls.filter((call) => call.startsWith('cuLaunchKernel'))).toHaveLength(2)
      })
    }

    test('no file, a folder, a link', async () => {
      const [real, folder, link] = [aGpu(), join(bench.folder, 'a-folder'), join(bench.folder, 'a-link')]
      mkdirSync(folder)
      symlinkSync(real.path, link)
      for (const path of [join(bench.folder, 'nothing-there'), folder, link]) {
        const ran = await bench.run([real], ['new', launch], { CLOUDLESS_GPU_FILES: path })
        expect(ran.lines).toEqual(['done'])
        expect(ran.errors.trim().split('\n')).toEqual([expect.stringContaining(`${path}: can not be opened: `)])
      }
      expect(real.slot(0).launches).toBe(0)
    })
  })

  test('a file of random bytes behind a good head holds nobody back for long', async () => {
    const gpu = aGpu()
    const noise = Buffer.from(Array.from({ length: 320 * 250 }, (_, at) => (at * 2654435761) >>> 13))
    gpu.write(slotAt(0), noise)
    const client = bench.start([gpu], ['new', 'cuCtxSynchronize', 'line', launch, launch, 'cuCtxSynchronize', 'line'])
    await client.ready()
    // Peers that say nonsense: busy since for ever, launched in ten thousand years.
    gpu.order(0, { yieldsTo: [1, 2, 3, 254], barrierUs: 4_000_000, blockMaxUs: 50_000 })
    for (const slot of [1, 2, 3, 254]) gpu.claim(slot, 1)
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ launches: 2, synchronisations: 2 })
    client.goOn()
    await client.ended()
  })

  test('a slot is given back at exit, and its former owner’s numbers are not the next one’s', async () => {
    const gpu = aGpu()
    const first = bench.start([gpu], ['new', launch, 'line'])
    await first.ready()
    expect(gpu.owners()[0]).toBe(first.process.pid)
    first.goOn()
    await first.ended()
    expect(gpu.owners()[0]).toBe(0)
    const second = bench.start([gpu], ['new', launch, launch, 'line'])
    await second.ready()
    expect(gpu.owners()[0]).toBe(second.process.pid)
    expect(gpu.slot(0).launches).toBe(2)
    second.goOn()
    await second.ended()
  })

  test('a killed process leaves its slot to the manager, and its peers wait for it no longer than its work may last', async () => {
    const gpu = aGpu()
    const killed = bench.start([gpu], ['new', launch, 'line'])
    const other = bench.start([gpu], ['none', 'line'])
    await killed.ready()
    await other.ready()
    killed.process.kill('SIGKILL')
    await killed.ended()
    expect(gpu.owners()[0]).toBe(killed.process.pid)
    expect(gpu.slot(0).isBusy).toBe(true)
    const client = bench.start([gpu], ['new', 'cuCtxSynchronize', 'line', launch, 'line'])
    await client.ready()
    gpu.order(1, { yieldsTo: [0], barrierUs: 1000 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(1).launches).toBe(1)
    for (const one of [client, other]) {
      one.goOn()
      await one.ended()
    }
  })

  test('a process whose slot was taken from it takes another', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', launch, 'cuMemAlloc_v2:@:64', 'line', 'sleep:150', launch, 'line'])
    await client.ready()
    gpu.claim(0, 1)
    client.goOn()
    await client.ready()
    expect(gpu.owners().slice(0, 2)).toEqual([1, client.process.pid])
    expect(gpu.slot(1)).toMatchObject({ launches: 1, memoryBytes: 64 })
    client.goOn()
    await client.ended()
  })

  test('a child by fork has a slot of its own, and its end does not end its parent’s', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', launch, 'fork', launch, launch, 'line'])
    await client.ready()
    const [parent, child] = gpu.owners()
    expect(parent).toBe(client.process.pid)
    expect(child).not.toBe(parent)
    expect([gpu.slot(0).launches, gpu.slot(1).launches]).toEqual([1, 2])
    client.goOn()
    const { lines } = await client.ended()
    expect(lines).toContain('child 0')
    expect(gpu.owners()[1]).toBe(0)
  })

  test('a new file under the same name is found once the old one is silent', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', launch, 'line', 'sleep:1100', launch, 'line'])
    await client.ready()
    gpu.beat({ agoMs: 60_000 })
    const again = bench.gpu('replacement')
    spawnSync('mv', [again.path, gpu.path])
    client.goOn()
    await client.ready()
    expect(again.owners()[0]).toBe(client.process.pid)
    client.goOn()
    await client.ended()
  })

  test('threads launch at once, and all is counted', async () => {
    const gpu = aGpu()
    const client = bench.start([gpu], ['new', launch, 'line', 'threads:2000', 'line', 'cuCtxSynchronize', 'line'], {
      LOGGING_CUDA_LOG: '',
    })
    await client.ready()
    gpu.order(0, { mode: 'tokens', grantedNs: 1e15, segmentsMax: 4, segmentUs: 50 })
    client.goOn()
    await client.ready()
    expect(gpu.slot(0).launches).toBe(1 + 16 * 2000)
    client.goOn()
    await client.ready()
    expect(gpu.slot(0)).toMatchObject({ isBusy: false, segmentsOpen: 0 })
    client.goOn()
    expect((await client.ended()).code).toBe(0)
  })

  test(`${many} processes at once each have a slot; the 257th passes and says so once`, async () => {
    const gpu = aGpu()
    const taken = layoutConstants.slots - many
    for (let slot = 0; slot < taken; slot++) gpu.claim(slot, 1)
    const clients: RunningClient[] = []
    for (let at = 0; at < many; at++)
      clients.push(bench.start([gpu], ['new', launch, 'line'], { LOGGING_CUDA_LOG: '' }))
    for (const client of clients) await client.ready()
    const pids = clients.map((client) => client.process.pid!)
    expect(
      gpu
        .owners()
        .slice(taken)
        .toSorted((a, b) => a - b),
    ).toEqual(pids.toSorted((a, b) => a - b))
    const late = await bench.run([gpu], ['new', launch, launch, launch])
    expect(late.lines).toEqual(['done'])
    expect(late.errors.match(/all 256 slots are taken/g)).toHaveLength(1)
    for (const client of clients) client.goOn()
    for (const client of clients) expect((await client.ended()).code).toBe(0)
    expect(gpu.owners().filter((pid) => pid > 1)).toEqual([])
  })

  test('a program without CUDA runs as it would alone', () => {
    const environment = { ...bench.environment([aGpu()]), LD_LIBRARY_PATH: '' }
    for (const [command, ...args] of [
      ['true'],
      ['sh', '-c', 'ls / | wc -l'],
      [process.execPath, '-e', 'console.log(1)'],
    ] as const) {
      const ran = spawnSync(command, args, { env: environment, encoding: 'utf8', timeout: 30_000 })
      expect([ran.status, ran.stderr]).toEqual([0, ''])
    }
  })

  test('without a driver dlsym says that there is none', () => {
    const source = join(bench.folder, 'probe.c')
    writeFileSync(
      source,
      `#define _GNU_SOURCE
#include <dlfcn.h>
int main(void) { return dlsym(RTLD_DEFAULT, "cuLaunchKernel") || dlsym(RTLD_DEFAULT, "cuGetProcAddress") || !dlerror() ||
  !dlsym(RTLD_DEFAULT, "malloc") ? 1 : 0; }`,
    )
    const probe = join(bench.folder, 'probe')
    expect(spawnSync('cc', [source, '-o', probe, '-ldl']).status).toBe(0)
    const env = { ...bench.environment([aGpu()]), LD_LIBRARY_PATH: '' }
    expect(spawnSync(probe, { env, timeout: 30_000 }).status).toBe(0)
  })

  test('one who asks for the next of its own function is not given itself', () => {
    const library = join(bench.folder, 'wrapper.c')
    const main = join(bench.folder, 'wrapped.c')
    // Loaded after the interposer: the C library must see who asks, or this would call itself for ever.
    writeFileSync(
      library,
      `#define _GNU_SOURCE
#include <dlfcn.h>
int getpid(void) { int (*next)(void) = (int (*)(void))dlsym(RTLD_NEXT, "getpid"); return next == getpid ? 0 : next(); }
int cuLaunchGrid(void *f, int x, int y) {
  int (*next)(void *, int, int) = (int (*)(void *, int, int))dlsym(RTLD_NEXT, "cuLaunchGrid");
  return next == cuLaunchGrid ? 99 : next(f, x, y);
}`,
    )
    writeFileSync(
      main,
      'int getpid(void); int cuLaunchGrid(void *, int, int); int main(void) { return getpid() > 0 ? cuLaunchGrid((void *)1, 2, 3) : 98; }',
    )
    const wrapper = join(bench.folder, 'libwrapper.so')
    const driver = join(bench.folder, 'libcuda.so.1')
    expect(spawnSync('cc', ['-shared', '-fPIC', library, '-o', wrapper, '-ldl']).status).toBe(0)
    expect(
      spawnSync('cc', [main, '-o', join(bench.folder, 'wrapped'), '-Wl,--no-as-needed', wrapper, driver]).status,
    ).toBe(0)
    const gpu = aGpu()
    const ran = spawnSync(join(bench.folder, 'wrapped'), { env: bench.environment([gpu]), timeout: 30_000 })
    expect([ran.signal, ran.status]).toEqual([null, 0])
    expect(gpu.slot(0).launches).toBe(1)
  })

  test('a storm of dlsym from many threads, before anything of CUDA is there', async () => {
    const ran = await bench.run([aGpu()], ['none', 'storm'], { LOGGING_CUDA_LOG: '' })
    expect([ran.code, ran.lines]).toEqual([0, ['done']])
  })
})
