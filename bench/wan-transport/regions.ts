// Two processes beside this one: a relay that shapes one link per sending region, and the senders. Clients of this process
// reach them through the relay, for the time of one function.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { assert, present } from '#runtime/assert.ts'
import type { SenderPlan, SenderReady } from './sender.ts'

export type Shape = { readonly name: string; readonly mbitPerSecond: number; readonly roundTripMs: number }

/** A region that sends, behind its own shaped link. */
export type Place = {
  readonly shape: Shape
  readonly region: string
  /** Of its parameter server. */
  readonly endpoint: string
  /** Of a plain TCP server that sends bytes without end to whoever connects. */
  readonly rawHost: string
  readonly rawPort: number
  readonly proxyPort: number
  readonly payload: { readonly sha256: string; readonly bytes: number }
}

/** The region of this process. */
export const receiver = 'receiver'

const firstHost = 12

export async function overShapedLinks<T>(
  shapes: readonly Shape[],
  payloadBytes: number,
  use: (places: readonly Place[]) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'wan-transport-'))
  const children: ChildProcess[] = []
  const before = process.env['grpc_proxy']
  try {
    const hosts = shapes.map((_, at) => `127.0.0.${firstHost + at}`)
    const regions = shapes.map(({ name }) => `sender-${name}`)
    const links = shapes.flatMap(({ mbitPerSecond, roundTripMs }, at) => [
      { from: receiver, to: regions[at]!, mbitPerSecond, roundTripMs },
      { from: regions[at]!, to: receiver, mbitPerSecond, roundTripMs },
    ])
    const relayConfig = {
      regions: [
        { region: receiver, host: '127.0.0.11' },
        ...regions.map((region, at) => ({ region, host: hosts[at]! })),
      ],
      links,
    }
    const relay = await start<{ readonly ports: Record<string, number> }>(
      children,
      join(import.meta.dirname, '../../cli/local-cluster/relay/main.ts'),
      ['--config', written(folder, 'links.json', relayConfig)],
    )
    const plan: SenderPlan = {
      receiver,
      payloadBytes,
      senders: regions.map((region, at) => ({ region, host: hosts[at]! })),
    }
    const path = written(folder, 'senders.json', plan)
    const { senders, sha256 } = await start<SenderReady>(children, join(import.meta.dirname, 'sender.ts'), [path])
    const proxyPort = present(relay.ports[receiver], 'port of the relay')
    // grpc-js reads it whenever a channel is made.
    process.env['grpc_proxy'] = `http://127.0.0.1:${proxyPort}`
    const payload = { sha256, bytes: payloadBytes }
    return await use(
      shapes.map((shape, at) => {
        const { endpoint, rawPort } = present(senders[at], 'a sender')
        return { shape, region: regions[at]!, endpoint, rawHost: hosts[at]!, rawPort, proxyPort, payload }
      }),
    )
  } finally {
    if (before === undefined) delete process.env['grpc_proxy']
    else process.env['grpc_proxy'] = before
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A child that says in its first line that it is ready. */
async function start<Ready>(children: ChildProcess[], script: string, args: readonly string[]): Promise<Ready> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const first = await lines.next()
  assert(first.done !== true, `${script} ended before it was ready`)
  return JSON.parse(first.value) as Ready
}

function written(folder: string, name: string, content: unknown): string {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}
