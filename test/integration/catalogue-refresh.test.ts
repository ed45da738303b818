// A control plane as a process that asks a cloud for its prices: they come into force without a restart, outlive the cloud and the
// process, and nothing of the credentials is in its log.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import { openClient } from '#proto/rpc/client.ts'
import {
  actionOf,
  ec2Error,
  offeringsAnswer,
  product,
  productsAnswer,
  regionsAnswer,
  spotAnswer,
  typesAnswer,
  zonesAnswer,
} from '#regions/aws/recorded.fixture.ts'
import { startCloud, type CloudAnswer, type CloudRequest, type HttpCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'

const root = join(import.meta.dirname, '..', '..')
const secret = 'a-secret-that-nobody-should-read'
const children: ChildProcess[] = []
let folder = ''
let cloud: HttpCloud
let isAway = false

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catalogue-refresh-'))
  isAway = false
  cloud = await startCloud(answers)
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await cloud.stop()
  rmSync(folder, { recursive: true, force: true })
})

function answers(request: CloudRequest): CloudAnswer {
  if (isAway) return ec2Error(401, 'AuthFailure', 'AWS was not able to validate the provided access credentials')
  switch (actionOf(request)) {
    case 'DescribeRegions':
      return regionsAnswer({ 'us-east-1': 'opt-in-not-required' })
    case 'DescribeInstanceTypes':
      return typesAnswer([{ type: 'g4dn.xlarge', gpu: { name: 'T4', count: 1, mib: 16384 } }])
    case 'DescribeAvailabilityZones':
      return zonesAnswer([['use1-az1', 'us-east-1a']])
    case 'DescribeInstanceTypeOfferings':
      return offeringsAnswer({ 'g4dn.xlarge': ['us-east-1a'] })
    case 'DescribeSpotPriceHistory':
      return spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: '0.1234' }])
    case 'GetProducts':
      return productsAnswer([product('g4dn.xlarge', '0.6543000000')])
    default:
      return ec2Error(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.')
  }
}

async function start(): Promise<{
  readonly child: ChildProcess
  readonly address: string
  readonly log: () => string
}> {
  const args = ['--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--catalogue-refresh', '5m']
  const child = spawn(
    process.execPath,
    [join(root, 'control-plane/main.ts'), ...args, '--catalogue-provider', 'aws', '--log-level', 'debug'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        AWS_ENDPOINT_URL: cloud.url,
        AWS_ACCESS_KEY_ID: 'AKIATESTACCESSKEY',
        AWS_SECRET_ACCESS_KEY: secret,
      },
    },
  )
  children.push(child)
  let text = ''
  child.stderr.on('data', (data: Buffer) => {
    text += data.toString()
  })
  for await (const line of createInterface({ input: child.stdout }))
    return { child, address: (JSON.parse(line) as { address: string }).address, log: () => text }
  throw new Error(`it ended before it was ready: ${text}`)
}

async function regionsAt(address: string) {
  const client = openClient<RegionServiceHandlers>('cloudless.v1.RegionService', address, { clock: systemClock() })
  try {
    return await client.listRegions({}, {})
  } finally {
    client.close()
  }
}

describe('prices of a cloud', () => {
  test('come into force while the process runs, and outlive it and the cloud', async () => {
    const first = await start()
    await vi.waitFor(
      async () => {
        const { catalogVersion, fetchedLayers } = await regionsAt(first.address)
        expect(catalogVersion).toMatch(/^2026-11\+aws\.\d{4}-\d\d-\d\d$/)
        expect(fetchedLayers).toMatchObject([{ id: 'aws', isStale: false, regions: ['aws/us-east-1'] }])
      },
      { timeout: 60_000, interval: 500 },
    )
    const { regions } = await regionsAt(first.address)
    const offers = regions.find(({ name }) => name === 'aws/us-east-1')!.offers
    expect(offers.map(({ market, zone, usdPerUnitHour }) => [market, zone, usdPerUnitHour])).toEqual(
      expect.arrayContaining([
        ['on-demand', '', 0.6543],
        ['spot', 'us-east-1a', 0.1234],
      ]),
    )
    first.child.kill('SIGTERM')
    expect(await once(first.child, 'close')).toEqual([0, null])

    isAway = true
    const second = await start()
    expect(await regionsAt(second.address)).toMatchObject({ fetchedLayers: [{ id: 'aws', isStale: false }] })
    second.child.kill('SIGTERM')
    await once(second.child, 'close')
    for (const log of [first.log(), second.log()]) {
      expect(log).not.toContain(secret)
      expect(log).not.toContain('AKIATESTACCESSKEY')
    }
  })
})
