// The control plane as a process: what it prints, how it ends, and that kill -9 loses nothing that was acknowledged.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from '#control-plane/store/open-store.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import { openClient } from '#proto/rpc/client.ts'
import { systemClock } from '#runtime/clock.ts'

const root = join(import.meta.dirname, '..', '..')
const children: ChildProcess[] = []
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudless-'))
})
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

function start(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(root, script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  return child
}

const controlPlane = (...args: string[]): ChildProcess =>
  start(
    'control-plane/main.ts',
    '--data',
    join(folder, 'data'),
    '--log-level',
    'error',
    '--listen',
    '127.0.0.1:0',
    ...args,
  )

async function readyAt(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const { ready, address } = JSON.parse(line) as { readonly ready: boolean; readonly address: string }
    expect(ready).toBe(true)
    return address
  }
  throw new Error('it ended before it was ready')
}

async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly text: string }> {
  let text = ''
  child.stderr!.on('data', (data: Buffer) => {
    text += data.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, text }
}

describe('the process', () => {
  test('serves where it says, ends cleanly on SIGTERM and can be started again', async () => {
    for (let starts = 0; starts < 2; starts++) {
      const child = controlPlane()
      const address = await readyAt(child)
      const client = openClient<RegionServiceHandlers>('cloudless.v1.RegionService', address, { clock: systemClock() })
      expect((await client.listRegions({})).regions.length).toBeGreaterThan(0)
      client.close()
      child.kill('SIGTERM')
      expect((await endOf(child)).code).toBe(0)
    }
  })

  test('a second one on the same folder is told so, and the first goes on', async () => {
    const first = controlPlane()
    await readyAt(first)
    const { code, text } = await endOf(controlPlane())
    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining('another control plane') })
    expect(first.exitCode).toBeNull()
  })

  test('a port in use, a wrong command line and a missing catalogue are named', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const busy = await endOf(controlPlane('--listen', `127.0.0.1:${port}`))
    taken.close()
    expect(busy).toMatchObject({ code: 1, text: expect.stringContaining(String(port)) })
    expect(busy.text).not.toContain('    at ')
    const wrong = await endOf(controlPlane('--listen', 'everywhere'))
    expect(wrong).toMatchObject({ code: 2, text: expect.stringContaining('--listen everywhere') })
    const missing = await endOf(controlPlane('--catalogue', join(folder, 'none.yaml')))
    expect(missing).toMatchObject({ code: 1, text: expect.stringContaining('none.yaml') })
  })

  test("an operator's own files lie over the bundled catalogue, in their order", async () => {
    const files = { 'rack.yaml': 0.2, 'cheaper.yaml': 0.1 }
    for (const [name, usd] of Object.entries(files)) {
      const price = `{ deviceModel: nvidia-t4, usdPerUnitHour: ${usd} }`
      await writeFile(join(folder, name), `regions: [{ name: onprem/rack, prices: [${price}] }]\n`)
    }
    const paths = Object.keys(files).flatMap((name) => ['--catalogue', join(folder, name)])
    const address = await readyAt(controlPlane(...paths))
    const client = openClient<RegionServiceHandlers>('cloudless.v1.RegionService', address, { clock: systemClock() })
    const { region } = await client.getRegion({ name: 'onprem/rack' })
    const { catalogVersion } = await client.listRegions({})
    client.close()
    expect(catalogVersion).toMatch(/\+rack\+cheaper$/)
    expect(region!.offers).toMatchObject([{ deviceModel: 'nvidia-t4', usdPerUnitHour: 0.1 }])
  })

  test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is named', async () => {
    await chmod(folder, 0o500)
    const { code, text } = await endOf(controlPlane())
    await chmod(folder, 0o700)
    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining('not writable') })
  })

  test('a file where the folder should be is named', async () => {
    const child = start('control-plane/main.ts', '--data', join(root, 'package.json'))
    const { code, text } = await endOf(child)
    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining('package.json') })
    expect(text).not.toContain('    at ')
  })
})

describe('kill -9', () => {
  test('what was acknowledged is there, whole, and nothing is there by half', async () => {
    let acknowledged = { job: -1, offset: 0 }
    for (const lines of [5, 17, 40]) {
      const child = start('test/integration/store-writer.ts', folder)
      let seen = 0
      for await (const line of createInterface({ input: child.stdout! })) {
        const [job, offset] = line.split(' ').map(Number)
        acknowledged = { job: job!, offset: offset! }
        seen += 1
        if (seen === lines) child.kill('SIGKILL')
      }
      const store = await openStore(folder)
      const { jobs, revision } = store.view()
      expect(jobs.length).toBeGreaterThan(acknowledged.job)
      expect(revision).toBe(jobs.length)
      expect(await store.journalSeq('agent')).toBe(jobs.length)
      const records = await Promise.all(jobs.map(({ id }) => store.job(id)))
      expect(records.every((record) => record?.costUsd === 1)).toBe(true)
      expect(await store.logs.length('j-0/a/worker-0')).toBeGreaterThanOrEqual(acknowledged.offset)
      store.close()
    }
    const raw = new DatabaseSync(join(folder, 'cloudless.db'), { readOnly: true })
    expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    raw.close()
  })
})
