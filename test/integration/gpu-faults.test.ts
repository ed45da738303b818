// What goes wrong on a shared GPU, with real processes all round: the manager, the interposer in each client, and a fake GPU below.
// Nothing may hang, and whoever has no part in it goes on.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { claimAt, decodeClaim, layoutConstants, slotAt } from '#physical-plane/gpu-sharing/layout.ts'
import type { InstanceUse } from '#physical-plane/gpu-sharing/use.ts'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { buildFakeGpu, hasCompiler, type BuiltFakeGpu } from '../fake-gpu/build-fake-gpu.ts'
import { failFakeGpu, makeFakeGpu, type FakeGpu } from '../fake-gpu/fake-gpu.ts'
import { ScriptClient } from '../fake-gpu/script-client.ts'

const clock = systemClock()
const hasCc = hasCompiler()
if (!hasCc)
  process.stderr.write('gpu-faults: skipped, there is no C compiler "cc" for the fake GPU and the interposer\n')

const gib = 2 ** 30
/** CUDA's own numbers. */
const outOfMemory = 2
const deviceLost = 999
/** One block takes a microsecond of the whole device. */
const ready = ['init', 'context 0', 'module k 1000 1000']
const launch = (ms: number): string => `launch -1 k ${1000 * ms}`

type Told = Pick<InstanceUse, 'instanceId' | 'processes' | 'waits' | 'memoryBytes'>
type Given = { readonly id: string; readonly request: number; readonly limit: number; readonly fields?: object }

/** A manager process on a fake GPU. Instances' tags are their place in the list, from 1. */
class Shared {
  readonly gpu: FakeGpu
  readonly #fake: BuiltFakeGpu
  readonly #library: string
  readonly #manager: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #clients: ScriptClient[] = []
  path = ''

  private constructor(gpu: FakeGpu, fake: BuiltFakeGpu, library: string, config: string) {
    this.gpu = gpu
    this.#fake = fake
    this.#library = library
    const main = join(import.meta.dirname, '../../physical-plane/gpu-sharing/manager-main.ts')
    this.#manager = spawn(process.execPath, [main, '--config', config], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#lines = createInterface({ input: this.#manager.stdout! })[Symbol.asyncIterator]()
  }

  static async open(folder: string, fake: BuiltFakeGpu, library: string, instances: readonly Given[]): Promise<Shared> {
    const gpu = makeFakeGpu(join(mkdtempSync(join(folder, 'gpu-')), 'gpu'), { model: 'processor-sharing' })
    const config = `${gpu.path}.json`
    const told = instances.map(({ id, request, limit, fields }, i) => {
      const share = { request_milli: request, limit_milli: limit, token_by_token: false }
      return { instance_id: id, tag: String(i + 1), role: 'confined', work: 'training', ...share, ...fields }
    })
    const device = { device_id: gpu.uuid, memory_bytes: gpu.memoryBytes }
    writeFileSync(config, JSON.stringify({ device, folder, instances: told }))
    const shared = new Shared(gpu, fake, library, config)
    shared.path = (JSON.parse(await shared.#line()) as { path: string }).path
    return shared
  }

  client(tag: number, environment: Readonly<Record<string, string>> = {}): ScriptClient {
    const client = new ScriptClient(this.#fake, {
      FAKE_GPU_FILE: this.gpu.path,
      LD_PRELOAD: this.#library,
      CLOUDLESS_GPU_FILES: this.path,
      CLOUDLESS_GPU_TAG: String(tag),
      CLOUDLESS_GPU_ROLE: 'confined',
      ...environment,
    })
    this.#clients.push(client)
    return client
  }

  async uses(): Promise<readonly Told[]> {
    this.#manager.stdin!.write('{"uses":true}\n')
    return (JSON.parse(await this.#line()) as { uses: Told[] }).uses
  }

  async until(isSo: (uses: readonly Told[]) => boolean): Promise<void> {
    while (!isSo(await this.uses())) await clock.sleep(20)
  }

  /** Pids that hold slots. */
  owners(): readonly number[] {
    const bytes = readFileSync(this.path)
    const claims = Array.from({ length: layoutConstants.slots }, (_, slot) => decodeClaim(bytes, claimAt(slot))?.pid)
    return claims.filter((pid) => pid !== undefined)
  }

  async kill(): Promise<void> {
    const ended = once(this.#manager, 'close')
    this.#manager.kill('SIGKILL')
    await ended
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end('SIGKILL')))
    if (this.#manager.exitCode === null && this.#manager.signalCode === null) await this.kill()
  }

  async #line(): Promise<string> {
    return (await this.#lines.next()).value as string
  }
}

describe.skipIf(!hasCc)('trouble on a shared GPU', () => {
  const opened: Shared[] = []
  let folder = ''
  let fake: BuiltFakeGpu
  let library = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gpu-faults-'))
    fake = await buildFakeGpu()
    library = await buildInterposer({ folder: join(tmpdir(), `cloudless-interposer-${userInfo().uid}`) })
  })
  afterEach(async () => {
    for (const shared of opened.splice(0)) await shared.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const share = async (...instances: readonly Given[]): Promise<Shared> => {
    const shared = await Shared.open(folder, fake, library, instances)
    opened.push(shared)
    return shared
  }

  test('two hundred processes of ten instances at once all have their slots and end; killed together, they leave none', async () => {
    const ten = Array.from({ length: 10 }, (_, i) => ({ id: `j-${i}/lab/worker-0`, request: 100, limit: 150 }))
    const shared = await share(...ten)
    const clients = Array.from({ length: 200 }, (_, i) => shared.client((i % 10) + 1))
    const done = await Promise.all(clients.map((client) => client.do(...ready, launch(0.02), launch(0.02), 'syncall')))
    expect(done).toHaveLength(200)
    await shared.until((uses) => uses.every(({ processes }) => processes === 20))
    expect(new Set(shared.owners())).toEqual(new Set(clients.map(({ pid }) => pid)))
    await Promise.all(clients.map((client) => client.end('SIGKILL')))
    await shared.until((uses) => uses.every(({ processes }) => processes === 0))
    expect(shared.owners()).toEqual([])
  })

  test('a process that is killed in the middle of its work gives its slot back, and who waited for it goes on', async () => {
    const slo = { role: 'protected', work: 'inference', slo: { latency_ms: 50 } }
    const shared = await share(
      { id: 'f-1/lab/0', request: 500, limit: 700, fields: slo },
      { id: 'j-1', request: 300, limit: 700 },
    )
    const [serve, train] = [shared.client(1, { CLOUDLESS_GPU_ROLE: 'protected' }), shared.client(2)]
    await train.do(...ready, launch(0.1), 'syncall')
    await serve.do(...ready, launch(0.1), 'syncall')
    await shared.until((uses) => uses.every(({ processes }) => processes === 1))
    // It would be busy for ten minutes, inside a synchronisation.
    void serve.call(launch(600_000))
    void serve.call('syncall')
    await clock.sleep(100)
    const waiting = Array.from({ length: 20 }, () => train.do(launch(0.1)))
    await serve.end('SIGKILL')
    await Promise.all(waiting)
    await shared.until((uses) => uses.find(({ instanceId }) => instanceId === 'f-1/lab/0')!.processes === 0)
    expect(shared.owners()).toEqual([train.pid])
    const next = shared.client(1, { CLOUDLESS_GPU_ROLE: 'protected' })
    await next.do(...ready, launch(0.1))
    await shared.until((uses) => uses.every(({ processes }) => processes === 1))
  })

  // Held back each of these launches would take a second.
  test('when the manager is killed nobody is held back any more', { timeout: 20_000 }, async () => {
    const shared = await share({ id: 'j-1/lab/worker-0', request: 1, limit: 1 })
    const client = shared.client(1)
    await client.do(...ready)
    const isHeldBack = async (): Promise<boolean> => (await shared.uses())[0]!.waits > 0
    while (!(await isHeldBack())) await client.do(launch(20), 'syncall')
    const rest = Array.from({ length: 40 }, () => client.do(launch(0.1)))
    await shared.kill()
    await Promise.all(rest)
    expect(await client.do('syncall')).toBe(0)
  })

  test('a process whose lines are nonsense keeps working, and so do the others and the manager', async () => {
    const shared = await share({ id: 'j-1', request: 400, limit: 700 }, { id: 'j-2', request: 400, limit: 700 })
    const [bad, good] = [shared.client(1), shared.client(2)]
    await bad.do(...ready, launch(0.1))
    await good.do(...ready, launch(0.1))
    await shared.until((uses) => uses.every(({ processes }) => processes === 1))
    const bytes = readFileSync(shared.path)
    const slots = Array.from({ length: layoutConstants.slots }, (_, slot) => slot)
    const its = slots.find((slot) => decodeClaim(bytes, claimAt(slot))?.pid === bad.pid)!
    const random = seededRandom(7)
    const file = openSync(shared.path, 'r+')
    for (let round = 0; round < 20; round++) {
      const noise = Buffer.from(Array.from({ length: 128 }, () => random.integer(256)))
      writeSync(file, noise, 0, 128, slotAt(its))
      expect(await good.do(launch(0.1), 'syncall')).toBe(0)
      expect(await bad.do(launch(0.1), 'syncall')).toBe(0)
    }
    closeSync(file)
    const uses = await shared.uses()
    expect(uses.map(({ instanceId }) => instanceId)).toEqual(['j-1', 'j-2'])
    expect(uses[1]!.processes).toBe(1)
  })

  test('a GPU that falls off the bus answers everybody, also who is held back, and its manager goes on', async () => {
    const shared = await share({ id: 'j-1', request: 1, limit: 1 }, { id: 'j-2', request: 300, limit: 700 })
    const clients = [shared.client(1), shared.client(2)]
    for (const client of clients) await client.do(...ready, launch(5), launch(5))
    const calls = clients.map((client) =>
      [launch(5), launch(5), 'syncall', 'alloc 16'].map((line) => client.call(line)),
    )
    failFakeGpu(shared.gpu.path, deviceLost)
    for (const answers of calls) expect((await Promise.all(answers)).at(-1)!.result).toBe(deviceLost)
    for (const client of clients) expect((await client.call('syncall')).result).toBe(deviceLost)
    await Promise.all(clients.map((client) => client.end('SIGTERM')))
    await shared.until((uses) => uses.length === 2 && uses.every(({ processes }) => processes === 0))
  })

  test('memory that does not fit into the share is refused as out of memory, from the first call on, and the process goes on', async () => {
    const memory = { fields: { memory_bytes: 2 * gib } }
    const shared = await share(
      { id: 'j-1', request: 300, limit: 700, ...memory },
      { id: 'j-2', request: 300, limit: 700 },
    )
    const client = shared.client(1, { CLOUDLESS_GPU_MEMORY_BYTES: String(2 * gib) })
    await client.do(...ready)
    expect((await client.call(`alloc ${3 * gib}`)).result).toBe(outOfMemory)
    await client.do(`alloc ${gib}`, launch(0.1), 'syncall')
    await shared.until(([use]) => use!.memoryBytes === gib)
    expect((await client.call(`alloc ${1.5 * gib}`)).result).toBe(outOfMemory)
    await client.do('free 0', `alloc ${1.5 * gib}`)
  })
})
