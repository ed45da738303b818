// The link relay as the local cluster runs it: its own process, remote control on standard input and on a socket.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'

const script = join(import.meta.dirname, '../../cli/local-cluster/relay/main.ts')
const config = {
  regions: [
    { region: 'a', host: '127.0.0.11' },
    { region: 'b', host: '127.0.0.12' },
  ],
  links: [
    { from: 'a', to: 'b', mbitPerSecond: 100, roundTripMs: 20 },
    { from: 'b', to: 'a', mbitPerSecond: 50, roundTripMs: 20 },
  ],
}

let folder = ''
let child: ChildProcess | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  child = null
  rmSync(folder, { recursive: true, force: true })
})

function start(content: unknown): ChildProcess {
  const path = join(folder, 'links.json')
  writeFileSync(path, JSON.stringify(content))
  child = spawn(process.execPath, [script, '--config', path], { stdio: ['pipe', 'pipe', 'pipe'] })
  return child
}

/** The next lines of a stream, one by one, as values. */
function linesOf(stream: Readable): () => Promise<unknown> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]()
  return async () => JSON.parse(String((await lines.next()).value)) as unknown
}

test('it is ready with its ports, obeys standard input and the control socket, and stops on SIGTERM', async () => {
  const controlSocket = join(folder, 'control.sock')
  const relay = start({ ...config, controlSocket })
  const next = linesOf(relay.stdout!)
  expect(await next()).toEqual({ ready: true, ports: { a: expect.any(Number), b: expect.any(Number) } })
  relay.stdin!.end('{"id":1,"command":"cut","from":"a","to":"b"}\n')
  expect(await next()).toEqual({ id: 1, ok: true })
  const control = connect(controlSocket)
  const nextControl = linesOf(control)
  control.write('{"command":"stats"}\n')
  expect(await nextControl()).toMatchObject({
    ok: true,
    links: [
      { from: 'a', cut: 'reset' },
      { from: 'b', cut: null },
    ],
  })
  const exited = once(relay, 'exit')
  relay.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  control.destroy()
})

test('a wrong configuration is refused with the field and status 1', async () => {
  const relay = start({ ...config, links: [{ from: 'a', to: 'b', mbitPerSecond: -1, roundTripMs: 20 }] })
  let text = ''
  relay.stderr!.on('data', (part: Buffer) => (text += part.toString()))
  expect(await once(relay, 'close')).toEqual([1, null])
  expect(text).toContain('links.0.mbitPerSecond')
})
