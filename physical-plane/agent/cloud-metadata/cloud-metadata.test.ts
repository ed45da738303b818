import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import { lossPollMs } from './config.ts'
import { openMetadata } from './machine-metadata.ts'
import { watchForLoss } from './watch-for-loss.ts'

type Answer = { readonly status?: number; readonly text: string }

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Speaks what a cloud documents, from a table by path. */
async function aService(answer: (request: IncomingMessage) => Answer | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const { status = 200, text } = answer(request) ?? { status: 404, text: 'not found' }
    response.writeHead(status).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Refuses whoever has no token, as version 2 does. */
function anEc2(paths: Readonly<Record<string, string>>): (request: IncomingMessage) => Answer | undefined {
  return ({ method, url = '', headers }) => {
    if (method === 'PUT' && url === '/latest/api/token') {
      const ttl = headers['x-aws-ec2-metadata-token-ttl-seconds']
      return ttl === '21600' ? { text: 'a-token' } : { status: 400, text: '' }
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'a-token') return { status: 401, text: '' }
    const text = paths[url.replace('/latest/meta-data/', '')]
    return text === undefined ? undefined : { text }
  }
}

const open = (value: string) => openMetadata(value, '--cloud-metadata', systemClock())

describe('EC2', () => {
  const machine = {
    'instance-life-cycle': 'spot',
    'placement/availability-zone': 'us-east-1a',
    'instance-type': 'g4dn.xlarge',
  }

  test('says how the machine was bought, and that it stays', async () => {
    const metadata = open(`aws@${await aService(anEc2(machine))}`)
    expect(await metadata.purchase()).toEqual({ market: 'spot', zone: 'us-east-1a', instanceType: 'g4dn.xlarge' })
    expect(await metadata.endsAtMs()).toBeNull()
  })

  test('says when it will be taken away', async () => {
    const action = '{"action": "terminate", "time": "2026-11-22T08:22:00Z"}'
    const metadata = open(`aws@${await aService(anEc2({ ...machine, 'spot/instance-action': action }))}`)
    expect(await metadata.endsAtMs()).toBe(Date.UTC(2026, 10, 22, 8, 22))
  })

  test.each(['soon', '{"action": "stop"}', '{"action": "stop", "time": "later"}'])(
    'an action without a time is refused, not taken for none: %s',
    async (action) => {
      const metadata = open(`aws@${await aService(anEc2({ 'spot/instance-action': action }))}`)
      await expect(metadata.endsAtMs()).rejects.toThrow(/names no time/)
    },
  )
})

describe('Tencent Cloud', () => {
  const paths: Record<string, string> = {
    'payment/charge-type': 'SPOTPAID',
    'placement/zone': 'ap-shanghai-2',
    'instance/instance-type': 'GN7.2XLARGE32',
    'spot/termination-time': '2026-11-22 12:05:33',
  }
  const aCvm = ({ url = '' }: IncomingMessage): Answer | undefined => {
    const text = paths[url.replace('/latest/meta-data/', '')]
    return text === undefined ? undefined : { text }
  }

  test('says how the machine was bought, and when it is taken back: in UTC+8', async () => {
    const metadata = open(`tencent@${await aService(aCvm)}`)
    expect(await metadata.purchase()).toEqual({
      market: 'spot',
      zone: 'ap-shanghai-2',
      instanceType: 'GN7.2XLARGE32',
    })
    expect(await metadata.endsAtMs()).toBe(Date.UTC(2026, 10, 22, 4, 5, 33))
  })

  test('a machine that is paid by the hour is on demand and stays', async () => {
    const metadata = open(
      `tencent@${await aService(({ url = '' }) => (url.endsWith('charge-type') ? { text: 'POSTPAID_BY_HOUR' } : undefined))}`,
    )
    expect(await metadata.purchase()).toEqual({ market: 'on-demand', zone: '', instanceType: '' })
    expect(await metadata.endsAtMs()).toBeNull()
  })
})

test.each(['gcp', 'aws@ftp://127.0.0.1', 'aws@', '@http://127.0.0.1'])(
  'a wrong --cloud-metadata is named: %s',
  (value) => {
    expect(() => open(value)).toThrow(/--cloud-metadata: .* must be aws or tencent/)
  },
)

test('a service that fails is named, with its address', async () => {
  const address = await aService(() => ({ status: 500, text: '' }))
  await expect(open(`tencent@${address}`).purchase()).rejects.toThrow(`${address}/latest/meta-data`)
})

test('a loss is told once, also when questions fail in between, and so is that it is off', async () => {
  const clock = new VirtualClock()
  const answers: (number | null | Error)[] = [null, 5_000, new Error('down'), 5_000, null, null]
  const told: (number | null)[] = []
  const over = new AbortController()
  const metadata = {
    endsAtMs: () => {
      const answer = answers.shift() ?? null
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
  }
  const watching = watchForLoss(
    { metadata, clock, log: silentLog, onChange: (endsAtMs) => told.push(endsAtMs) },
    over.signal,
  )
  for (let count = 0; count < 8; count++) {
    await settle()
    await clock.advance(lossPollMs)
  }
  over.abort()
  await watching
  expect(told).toEqual([5_000, null])
})
