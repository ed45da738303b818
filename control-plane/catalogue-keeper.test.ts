// The keeper with the real adapter, files and loader; only the cloud is one on loopback.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Adapter } from '#regions/adapter.ts'
import { aLayer, aLayerRegion, aPrice } from '#regions/a-layer.fixture.ts'
import { openAws } from '#regions/aws/aws-adapter.ts'
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
import type { Catalogue } from '#regions/catalogue.ts'
import { startCloud, type CloudAnswer, type CloudRequest, type HttpCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { staleAfterMs } from '#regions/fetched/config.ts'
import { keepLayers, readFetched } from '#regions/fetched/fetched-layers.ts'
import { makeCatalogue } from '#regions/make-catalogue.ts'
import { systemClock, type Clock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { CatalogueKeeper } from './catalogue-keeper.ts'
import { controlPlaneConfig } from './config.ts'

const hourMs = 3_600_000
const refreshEveryMs = 2 * hourMs
const bundled = aLayer({
  id: 'bundled',
  regions: [aLayerRegion('aws/us-east-1', { prices: [aPrice('nvidia-t4', 0.526, { instanceType: 'g4dn.xlarge' })] })],
})

let folder = ''
let nowMs = 0
/** What the cloud asks for a T4 by the hour; null when it refuses to answer. */
let asked: string | null = null
let cloud: HttpCloud
let keeper: CatalogueKeeper
const adapters: Adapter[] = []
const metrics = createMetrics()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keeper-'))
  nowMs = Date.UTC(2026, 10, 22, 12)
  asked = '0.6000000000'
  cloud = await startCloud(answers)
  keeper = await opened()
})
afterEach(async () => {
  await keeper.stop()
  for (const adapter of adapters.splice(0)) adapter.close()
  await cloud.stop()
  rmSync(folder, { recursive: true })
})

function answers(request: CloudRequest): CloudAnswer {
  if (asked === null) return ec2Error(401, 'AuthFailure', 'AWS was not able to validate the provided credentials')
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
      return spotAnswer([])
    case 'GetProducts':
      return productsAnswer([product('g4dn.xlarge', asked)])
    default:
      return ec2Error(403, 'UnauthorizedOperation', 'no')
  }
}

async function opened(): Promise<CatalogueKeeper> {
  const clock: Clock = { ...systemClock(), now: () => nowMs, sleep: () => Promise.resolve() }
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }
  const aws = openAws({ clock, random: seededRandom(1), endpoint: cloud.url, credentials })
  adapters.push(aws)
  const load = (fetched: readonly ReturnType<typeof aLayer>[]) => Promise.resolve(makeCatalogue([bundled, ...fetched]))
  const made = new CatalogueKeeper({ folder, load, adapters: [aws], refreshEveryMs, clock, log: silentLog, metrics })
  await made.open()
  return made
}

/** What the timer does, until nothing is under way. */
async function look(): Promise<Catalogue> {
  await keeper.look()
  await keeper.settled()
  return keeper.current()
}

const priceIn = ({ regions }: Catalogue): number | undefined => regions[0]?.prices[0]?.usdPerUnitHour
const series = async (name: string): Promise<readonly string[]> =>
  (await metrics.render()).split('\n').filter((line) => line.startsWith(name))

describe('the keeper of the catalogue', () => {
  test('asks a cloud when it is due, and not before', async () => {
    expect(priceIn(keeper.current())).toBe(0.526)
    const fetched = await look()
    expect(priceIn(fetched)).toBe(0.6)
    expect(fetched.version).toBe('bundled+aws.2026-11-22')
    asked = '0.7000000000'
    nowMs += refreshEveryMs - 1
    const requests = cloud.requests.length
    expect(await look()).toBe(fetched)
    expect(cloud.requests).toHaveLength(requests)
    nowMs += 1
    expect(priceIn(await look())).toBe(0.7)
  })

  test('does not ask again after a restart for what it asked a while ago', async () => {
    await look()
    const requests = cloud.requests.length
    await keeper.stop()
    nowMs += hourMs
    keeper = await opened()
    expect(priceIn(await look())).toBe(0.6)
    expect(cloud.requests).toHaveLength(requests)
  })

  test('asks at once when the clock was set back behind what it has', async () => {
    await look()
    const requests = cloud.requests.length
    await keeper.stop()
    nowMs -= 24 * hourMs
    keeper = await opened()
    await look()
    expect(cloud.requests.length).toBeGreaterThan(requests)
  })

  test('leaves the last layer in force when a cloud stops answering, marks it stale, and asks again soon', async () => {
    const before = await look()
    asked = null
    nowMs += refreshEveryMs
    expect(await look()).toBe(before)
    expect(keeper.fetched()).toMatchObject([{ id: 'aws', isStale: false, regions: ['aws/us-east-1'] }])
    nowMs += staleAfterMs - refreshEveryMs + 1
    expect(keeper.fetched()).toMatchObject([{ id: 'aws', isStale: true }])
    expect(await series('cloudless_catalogue_layer_stale')).toEqual(['cloudless_catalogue_layer_stale{layer="aws"} 1'])
    expect(await series('cloudless_catalogue_refreshes_total')).toContain(
      'cloudless_catalogue_refreshes_total{provider="aws",outcome="failed"} 1',
    )
    asked = '0.8000000000'
    nowMs += controlPlaneConfig.catalogueRetryMs
    expect(priceIn(await look())).toBe(0.8)
    expect(keeper.fetched()).toMatchObject([{ isStale: false }])
  })

  test('takes in what somebody else has fetched', async () => {
    await look()
    const region = aLayerRegion('aws/us-east-1', {
      prices: [aPrice('nvidia-t4', 0.4, { instanceType: 'g4dn.xlarge' })],
    })
    const layer = { ...aLayer({ id: 'aws.us-east-1', regions: [region] }), fetchedAtMs: nowMs + 1 }
    await keepLayers(folder, [layer])
    expect(priceIn(await look())).toBe(0.4)
    // The prices of the region are from the newer layer.
    expect(keeper.fetched()).toMatchObject([
      { id: 'aws', regions: [] },
      { id: 'aws.us-east-1', regions: ['aws/us-east-1'] },
    ])
  })

  test('passes over a file that is broken, and goes on with the rest', async () => {
    await look()
    writeFileSync(join(folder, 'aws.json'), '{"format":')
    expect(priceIn(await look())).toBe(0.526)
    expect((await readFetched(folder)).warnings).toHaveLength(1)
  })

  test('keeps the catalogue before where files make none', async () => {
    const before = await look()
    await keeper.stop()
    let isBroken = false
    keeper = new CatalogueKeeper({
      folder,
      load: (fetched) => {
        if (isBroken) return Promise.reject(new Error('an operator is writing the file'))
        return Promise.resolve(makeCatalogue([bundled, ...fetched]))
      },
      adapters: [],
      refreshEveryMs,
      clock: { ...systemClock(), now: () => nowMs },
      log: silentLog,
      metrics,
    })
    await keeper.open()
    isBroken = true
    await keepLayers(folder, [{ ...aLayer({ id: 'tencent' }), fetchedAtMs: nowMs }])
    expect((await look()).hash).toBe(before.hash)
  })

  test('ends while a cloud is being asked', async () => {
    await keeper.look()
    await keeper.stop()
    expect((await readFetched(folder)).layers).toEqual([])
  })
})
