// The SDK's own clients against recorded answers, good ones and others.
import { afterEach, describe, expect, test } from 'vitest'
import type { RefreshRequest } from '#regions/adapter.ts'
import type { CloudLimits } from '#regions/cloud/config.ts'
import { impatientClock, startCloud, type CloudAnswer, type CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { actionOf, answer, config, failure, filterOf, isSigned, listing, regionOf } from './recorded.fixture.ts'
import { openTencent } from './tencent-adapter.ts'

const secretId = 'AKIDTESTSECRETID'
const secretKey = 'a-key-that-nobody-should-read'

/** What the cloud answers when all is well; a test changes some of it. */
function wellAnswers(request: CloudRequest): CloudAnswer {
  if (!isSigned(request, secretKey))
    return failure('AuthFailure.SignatureFailure', 'The provided credentials are wrong.')
  const region = regionOf(request)
  switch (actionOf(request)) {
    case 'DescribeRegions':
      return answer({
        TotalCount: 3,
        RegionSet: [
          { Region: 'ap-shanghai', RegionName: 'East China', RegionState: 'AVAILABLE' },
          { Region: 'ap-shanghai-fsi', RegionName: 'Finance', RegionState: 'AVAILABLE' },
          { Region: 'ap-nowhere', RegionName: 'Gone', RegionState: 'UNAVAILABLE' },
        ],
      })
    case 'DescribeZones':
      return answer({
        TotalCount: 3,
        ZoneSet: [
          { Zone: `${region}-2`, ZoneState: 'AVAILABLE' },
          { Zone: `${region}-3`, ZoneState: 'AVAILABLE' },
          { Zone: `${region}-1`, ZoneState: 'UNAVAILABLE' },
        ],
      })
    case 'DescribeZoneInstanceConfigInfos':
      return answer({ InstanceTypeQuotaSet: configs(request) })
    default:
      return failure('InvalidAction', 'no such action')
  }
}

function configs(request: CloudRequest): readonly object[] {
  const zone = (number: number): string => `${regionOf(request)}-${number}`
  const [charge = ''] = filterOf(request, 'instance-charge-type')
  const types = filterOf(request, 'instance-type')
  const row = { zone: zone(2), charge, gpuCount: 1 }
  if (types.includes('S5.2XLARGE16'))
    return [config({ ...row, type: 'S5.2XLARGE16', gpuCount: 0, unitPrice: charge === 'SPOTPAID' ? 0.4 : 2 })]
  const t4 = 'GN7.2XLARGE32'
  const all =
    charge === 'SPOTPAID'
      ? [
          config({ ...row, type: t4, unitPrice: 7.5, discounted: 1.5, category: 'UnderStock' }),
          // As dear as on demand.
          config({ ...row, type: t4, zone: zone(3), unitPrice: 7.5 }),
        ]
      : [
          config({ ...row, type: t4, unitPrice: 7.5 }),
          config({ ...row, type: t4, zone: zone(3), unitPrice: 7.5, status: 'SOLD_OUT', category: 'WithoutStock' }),
          config({ ...row, type: t4, zone: zone(1), unitPrice: 1 }),
          config({ ...row, type: 'GN7.LARGE20', gpuCount: 0.25, unitPrice: 2 }),
          config({ ...row, type: 'GN10Xp.20XLARGE320', gpuCount: 8, unitPrice: 160, discounted: 120 }),
          config({ ...row, type: 'GT4.4XLARGE96', unitPrice: 0 }),
        ]
  return types.length === 0
    ? all
    : all.filter((each) => types.includes((each as { InstanceType: string }).InstanceType))
}

const opened: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function rig(
  respond: (request: CloudRequest) => CloudAnswer = wellAnswers,
  limits: Partial<CloudLimits> = {},
  site: 'mainland' | 'international' = 'mainland',
) {
  const cloud = await startCloud(respond)
  const slept: number[] = []
  const adapter = openTencent({
    clock: impatientClock(systemClock(), slept),
    random: seededRandom(1),
    site,
    endpoint: cloud.url,
    credentials: { secretId, secretKey },
    limits: { requestsPerSecond: 10_000, ...limits },
  })
  opened.push(
    () => cloud.stop(),
    () => adapter.close(),
  )
  const request = (fields: Partial<RefreshRequest> = {}): RefreshRequest => ({
    regions: ['tencent/ap-shanghai'],
    instanceTypes: [],
    usdPer: { CNY: 0.14 },
    signal: new AbortController().signal,
    onProgress: () => {},
    ...fields,
  })
  return { cloud, slept, adapter, refresh: (fields?: Partial<RefreshRequest>) => adapter.refresh(request(fields)) }
}

function butFirst(action: string, times: number, first: CloudAnswer): (request: CloudRequest) => CloudAnswer {
  let given = 0
  return (request) => {
    if (actionOf(request) !== action || given >= times) return wellAnswers(request)
    given += 1
    return first
  }
}

describe('a refresh', () => {
  test('has prices and stock by zone, for both markets, in the currency of the site', async () => {
    const { refresh } = await rig()
    const layer = await refresh({ regions: [] })
    expect(layer.regions.map(({ name, complete }) => [name, complete])).toEqual([
      ['tencent/ap-shanghai', ['on-demand', 'spot']],
    ])
    const rows = layer.regions[0]!.prices.map((row) =>
      [row.deviceModel, row.market, row.instanceType, row.zone, row.perUnitHour, row.stock, row.lossesPerHour].join(
        ' ',
      ),
    )
    expect(rows).toEqual([
      'cpu on-demand S5.2XLARGE16 ap-shanghai-2 0.25 enough 0',
      'nvidia-t4 on-demand GN7.2XLARGE32 ap-shanghai-2 7.5 enough 0',
      'nvidia-t4 on-demand GN7.2XLARGE32 ap-shanghai-3 7.5 none 0',
      'nvidia-v100 on-demand GN10Xp.20XLARGE320 ap-shanghai-2 15 enough 0',
      'cpu spot S5.2XLARGE16 ap-shanghai-2 0.05 enough ',
      'nvidia-t4 spot GN7.2XLARGE32 ap-shanghai-2 1.5 low ',
    ])
    expect(layer.regions[0]!.prices[0]).toMatchObject({ currency: 'CNY', usdPerUnitHour: 0.25 * 0.14 })
  })

  test('of the international site is in USD, and needs no rate', async () => {
    const { refresh } = await rig(wellAnswers, {}, 'international')
    const layer = await refresh({ usdPer: {} })
    expect(layer.regions[0]!.prices[0]).toMatchObject({ currency: 'USD', perUnitHour: 0.25, usdPerUnitHour: 0.25 })
  })

  test('in CNY without a rate is refused by name', async () => {
    const { refresh } = await rig()
    await expect(refresh({ usdPer: {} })).rejects.toMatchObject({ violations: [{ field: 'usdPer.CNY' }] })
  })

  test('of some machines leaves the rest to older layers, but no older row of these machines', async () => {
    const { refresh, cloud } = await rig()
    const layer = await refresh({ instanceTypes: ['GN7.2XLARGE32'] })
    expect(layer.regions[0]!.complete).toEqual([])
    expect(layer.regions[0]!.prices.map(({ market, zone, perUnitHour }) => [market, zone, perUnitHour])).toEqual([
      ['on-demand', 'ap-shanghai-2', 7.5],
      ['on-demand', 'ap-shanghai-3', 7.5],
      ['spot', 'ap-shanghai-2', 1.5],
      ['on-demand', '', 7.5],
      ['spot', '', 1.5],
    ])
    expect(cloud.requests.map(actionOf)).not.toContain('DescribeRegions')
  })

  test('does not mix up markets where the cloud overlooks the filter', async () => {
    const { refresh } = await rig((request) =>
      actionOf(request) === 'DescribeZoneInstanceConfigInfos'
        ? answer({
            InstanceTypeQuotaSet: ['SPOTPAID', 'POSTPAID_BY_HOUR', 'PREPAID'].map((charge) =>
              config({
                zone: 'ap-shanghai-2',
                type: 'GN7.2XLARGE32',
                charge,
                gpuCount: 1,
                unitPrice: charge === 'SPOTPAID' ? 1 : 7,
              }),
            ),
          })
        : wellAnswers(request),
    )
    const layer = await refresh()
    expect(layer.regions[0]!.prices.map(({ market, perUnitHour }) => [market, perUnitHour])).toEqual([
      ['on-demand', 7],
      ['spot', 1],
    ])
  })

  test.each<[string, CloudAnswer]>([
    ['that it was asked too often', failure('RequestLimitExceeded', 'Your current request times equals to `41`')],
    ['an error of its own', failure('InternalError', 'An internal error occurred.')],
    ['a server error', { status: 502, body: '<html>' }],
    ['no JSON', { headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ])('goes on after %s', async (_, bad) => {
    const { refresh, slept } = await rig(butFirst('DescribeZones', 2, bad))
    expect((await refresh()).regions[0]!.prices).toHaveLength(6)
    expect(slept).toHaveLength(2)
  })

  // The SDK's HTTP client waits for the rest of an answer that was cut; the deadline does not.
  test.each<CloudAnswer>(['silence', 'cut'])('asks again when no answer comes in time (%s)', async (bad) => {
    const { refresh, slept } = await rig(butFirst('DescribeZones', 1, bad), { deadlineMs: 400 })
    expect((await refresh()).regions[0]!.prices).toHaveLength(6)
    expect(slept).toHaveLength(1)
  })

  test.each([
    ['AuthFailure.SecretIdNotFound', 'CLOUD_CREDENTIALS'],
    ['AuthFailure.TokenFailure', 'CLOUD_CREDENTIALS'],
    ['AuthFailure.UnauthorizedOperation', 'CLOUD_REFUSED'],
    ['UnauthorizedOperation', 'CLOUD_REFUSED'],
    ['UnsupportedRegion', 'CLOUD_MISSING'],
    ['InvalidFilter', 'CLOUD_REFUSED'],
  ])('is over at once with %s', async (code, reason) => {
    const { refresh, slept } = await rig(butFirst('DescribeZones', 9, failure(code, 'no')))
    const error = (await refresh().catch((each: unknown) => each)) as Error
    expect(error).toMatchObject({ reason })
    expect(error.message).toContain(code)
    expect(slept).toEqual([])
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error))
    expect(everything).not.toContain(secretId)
    expect(everything).not.toContain(secretKey)
  })

  test('is no layer when one of its answers stays away', async () => {
    const { refresh, slept } = await rig((request) =>
      filterOf(request, 'instance-charge-type').includes('SPOTPAID')
        ? failure('InternalError', 'An internal error occurred.')
        : wellAnswers(request),
    )
    await expect(refresh()).rejects.toMatchObject({ kind: 'unavailable', reason: 'CLOUD_UNAVAILABLE' })
    expect(slept.length).toBeGreaterThanOrEqual(5)
  })

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['a list that is none', { InstanceTypeQuotaSet: null }],
    [
      'a negative price',
      { InstanceTypeQuotaSet: [{ Zone: 'ap-shanghai-2', InstanceType: 'GN7.X', Price: { UnitPrice: -1 } }] },
    ],
    [
      'a price as text',
      { InstanceTypeQuotaSet: [{ Zone: 'ap-shanghai-2', InstanceType: 'GN7.X', Price: { UnitPrice: '1' } }] },
    ],
    ['a zone of markup', { InstanceTypeQuotaSet: [{ Zone: '<b>', InstanceType: 'GN7.X' }] }],
  ])('does not believe %s', async (_, content) => {
    const { refresh } = await rig((request) =>
      actionOf(request) === 'DescribeZoneInstanceConfigInfos' ? answer(content as object) : wellAnswers(request),
    )
    await expect(refresh()).rejects.toMatchObject({ reason: 'CLOUD_ANSWER' })
  })

  test('bears an answer that is no answer of this API', async () => {
    const { refresh } = await rig(() => ({ headers: { 'content-type': 'application/json' }, body: '{}' }))
    await expect(refresh()).rejects.toMatchObject({ reason: 'CLOUD_ANSWER' })
  })
})

describe('a data set on COS', () => {
  const signal = new AbortController().signal
  const uri = 'cos://data-1250000000/train'

  test('is counted over all pages in the region that somebody named', async () => {
    const { adapter, cloud } = await rig(({ method, query }) => {
      if (method === 'HEAD') return { body: '' }
      return query.get('marker') === 'train/a'
        ? listing([{ key: 'train/b', bytes: 7 }], false)
        : listing([{ key: 'train/a', bytes: 5 }], true)
    })
    expect(await adapter.listDataset({ uri, region: 'tencent/ap-shanghai', signal })).toEqual({
      uri,
      region: 'tencent/ap-shanghai',
      objects: 2,
      bytes: 12,
      truncated: false,
    })
    expect(cloud.requests.every(({ headers }) => headers.authorization?.includes('/ap-shanghai/s3/'))).toBe(true)
  })

  test('without a region is refused by field', async () => {
    const { adapter } = await rig()
    await expect(adapter.listDataset({ uri, region: null, signal })).rejects.toMatchObject({
      violations: [{ field: 'region' }],
    })
  })

  test.each([
    [404, 'CLOUD_MISSING'],
    [301, 'CLOUD_MISSING'],
    [403, 'CLOUD_REFUSED'],
  ])('that is elsewhere or not ours (%d) is refused', async (status, reason) => {
    const { adapter } = await rig(() => ({ status, body: '' }))
    const listed = adapter.listDataset({ uri, region: 'ap-beijing', signal })
    await expect(listed).rejects.toMatchObject({ reason, message: expect.stringContaining('ap-beijing') as string })
  })

  test.each(['cos://data/x', 's3://data-1250000000/x'])('at %s is refused by field', async (wrong) => {
    const { adapter } = await rig()
    await expect(adapter.listDataset({ uri: wrong, region: 'ap-beijing', signal })).rejects.toMatchObject({
      violations: [{ field: 'uri' }],
    })
  })
})
