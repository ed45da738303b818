// The SDK's own clients against recorded answers, good ones and others.
import { afterEach, describe, expect, test } from 'vitest'
import type { RefreshRequest } from '#regions/adapter.ts'
import { impatientClock, startCloud, type CloudAnswer, type CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'
import type { CloudLimits } from '#regions/cloud/config.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { openAws } from './aws-adapter.ts'
import {
  actionOf,
  ec2Error,
  objectsAnswer,
  offeringsAnswer,
  parameter,
  product,
  productsAnswer,
  regionOf,
  regionsAnswer,
  scoresAnswer,
  spotAnswer,
  typesAnswer,
  zonesAnswer,
} from './recorded.fixture.ts'

const t4 = { name: 'T4', count: 1, mib: 16384 }
const accessKeyId = 'AKIATESTACCESSKEY'
const secretAccessKey = 'a-secret-that-nobody-should-read'

/** What AWS answers when all is well; a test changes some of it. */
function wellAnswers(request: CloudRequest): CloudAnswer {
  const region = regionOf(request)
  const isNext = (parameter(request, 'NextToken') ?? '') !== ''
  switch (actionOf(request)) {
    case 'DescribeRegions':
      return regionsAnswer({
        'us-east-1': 'opt-in-not-required',
        'eu-west-1': 'opted-in',
        'af-south-1': 'not-opted-in',
      })
    case 'DescribeInstanceTypes':
      return isNext
        ? typesAnswer([
            { type: 'g4dn.xlarge', gpu: t4 },
            { type: 'p4de.24xlarge', gpu: { name: 'A100', count: 8, mib: 81920 } },
          ])
        : typesAnswer(
            [
              { type: 'c6i.2xlarge', vcpus: 8 },
              { type: 'g6f.xlarge', gpu: { name: 'L4', count: 0, mib: 2861 } },
              { type: 'g4ad.xlarge', gpu: { name: 'Radeon Pro V520', count: 1, mib: 8192, maker: 'AMD' } },
              { type: 'g4dn.12xlarge', gpu: { ...t4, count: 4 } },
            ],
            'page-2',
          )
    case 'DescribeAvailabilityZones':
      return zonesAnswer([
        ['z1', `${region}a`],
        ['z2', `${region}b`],
        ['lax', `${region}-lax-1a`, 'local-zone'],
      ])
    case 'DescribeInstanceTypeOfferings':
      // Nobody sells the p4de here.
      return offeringsAnswer({
        'c6i.2xlarge': [`${region}a`],
        'g4dn.xlarge': [`${region}a`],
        'g4dn.12xlarge': [`${region}b`],
      })
    case 'DescribeSpotPriceHistory':
      return isNext
        ? spotAnswer([
            { type: 'g4dn.xlarge', zone: `${region}b`, usd: '0.19' },
            // As dear as on demand.
            { type: 'g4dn.12xlarge', zone: `${region}a`, usd: '3.912' },
            { type: 'g4dn.12xlarge', zone: `${region}-lax-1a`, usd: '0.01' },
          ])
        : spotAnswer(
            [
              { type: 'g4dn.xlarge', zone: `${region}a`, usd: '0.158' },
              { type: 'g4dn.xlarge', zone: `${region}a`, usd: '0.9', since: '2026-11-20T00:00:00.000Z' },
            ],
            'page-2',
          )
    case 'GetProducts':
      return products(request)
    case 'GetSpotPlacementScores':
      return scoresAnswer(
        ['eu-west-1', 'us-east-1'].flatMap((each) => [
          { region: each, zoneId: 'z1', score: 9 },
          { region: each, zoneId: 'z2', score: 3 },
        ]),
      )
    default:
      return { status: 400, body: '' }
  }
}

function products(request: CloudRequest): CloudAnswer {
  const asked = JSON.parse(request.body) as {
    readonly NextToken?: string
    readonly Filters: readonly { readonly Field: string; readonly Value: string }[]
  }
  const machine = asked.Filters.find(({ Field }) => Field === 'instanceType')?.Value
  if (machine === 'c6i.2xlarge') return productsAnswer([product('c6i.2xlarge', '0.3400000000')])
  if (machine !== undefined) return productsAnswer([product(machine, '0.5260000000')])
  if (asked.NextToken !== undefined) return productsAnswer([product('g4dn.12xlarge', '3.9120000000')])
  const free = product('g4dn.xlarge', '0.0000000000')
  return productsAnswer([free, product('g4dn.xlarge', '0.5260000000'), product('p4de.24xlarge', '40.96')], 'page-2')
}

const opened: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function rig(answer: (request: CloudRequest) => CloudAnswer = wellAnswers, limits: Partial<CloudLimits> = {}) {
  const cloud = await startCloud(answer)
  const slept: number[] = []
  const adapter = openAws({
    clock: impatientClock(systemClock(), slept),
    random: seededRandom(1),
    endpoint: cloud.url,
    credentials: { accessKeyId, secretAccessKey },
    limits: { requestsPerSecond: 10_000, ...limits },
  })
  opened.push(
    () => cloud.stop(),
    () => adapter.close(),
  )
  const texts: string[] = []
  const request = (fields: Partial<RefreshRequest> = {}): RefreshRequest => ({
    regions: [],
    instanceTypes: [],
    usdPer: {},
    signal: new AbortController().signal,
    onProgress: ({ text }) => texts.push(text),
    ...fields,
  })
  return {
    cloud,
    slept,
    texts,
    refresh: (fields?: Partial<RefreshRequest>) => adapter.refresh(request(fields)),
    adapter,
  }
}

/** Answers `first` to an action until `times` have been given, then as all is well. */
function butFirst(action: string, times: number, first: CloudAnswer): (request: CloudRequest) => CloudAnswer {
  let given = 0
  return (request) => {
    if (actionOf(request) !== action || given >= times) return wellAnswers(request)
    given += 1
    return first
  }
}

describe('a refresh', () => {
  test('has on-demand prices of what is sold, and spot prices zone by zone', async () => {
    const { refresh, cloud } = await rig()
    const layer = await refresh()
    expect(layer.regions.map(({ name, complete }) => [name, complete])).toEqual([
      ['aws/eu-west-1', ['on-demand', 'spot']],
      ['aws/us-east-1', ['on-demand', 'spot']],
    ])
    const rows = layer.regions[1]!.prices.map((row) =>
      [row.deviceModel, row.market, row.instanceType, row.zone, row.usdPerUnitHour, row.lossesPerHour, row.stock].join(
        ' ',
      ),
    )
    expect(rows).toEqual([
      'cpu on-demand c6i.2xlarge  0.0425 0 unknown',
      'nvidia-t4 on-demand g4dn.12xlarge  0.978 0 unknown',
      'nvidia-t4 on-demand g4dn.xlarge  0.526 0 unknown',
      'nvidia-t4 spot g4dn.xlarge us-east-1a 0.158  enough',
      'nvidia-t4 spot g4dn.xlarge us-east-1b 0.19  low',
    ])
    expect(layer.regions[1]!.prices[0]).toMatchObject({ currency: 'USD', pricedOn: '2026-11-22' })
    expect(cloud.requests.every(({ headers }) => headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))).toBe(true)
  })

  test('of some machines in some regions leaves the rest to older layers, but no older row of these machines', async () => {
    const { refresh, cloud } = await rig()
    const layer = await refresh({ regions: ['aws/us-east-1'], instanceTypes: ['g4dn.xlarge'] })
    expect(layer.regions.map(({ name, complete }) => [name, complete])).toEqual([['aws/us-east-1', []]])
    const spot = layer.regions[0]!.prices.filter(
      ({ market, instanceType }) => market === 'spot' && instanceType === 'g4dn.xlarge',
    )
    expect(spot.map(({ zone, usdPerUnitHour }) => [zone, usdPerUnitHour])).toEqual([
      ['us-east-1a', 0.158],
      ['us-east-1b', 0.19],
      ['', 0.158],
    ])
    expect(cloud.requests.map(actionOf)).not.toContain('DescribeRegions')
  })

  test('goes on where it was throttled, later each time', async () => {
    const busy = ec2Error(503, 'RequestLimitExceeded', 'Request limit exceeded.')
    const { refresh, slept } = await rig(butFirst('DescribeSpotPriceHistory', 3, busy))
    const layer = await refresh({ regions: ['us-east-1'] })
    expect(layer.regions[0]!.prices).toHaveLength(5)
    expect(slept).toHaveLength(3)
    slept.forEach((ms, i) => {
      expect(ms).toBeGreaterThanOrEqual(250 * 2 ** i)
      expect(ms).toBeLessThanOrEqual(500 * 2 ** i)
    })
  })

  test.each<[string, CloudAnswer]>([
    ['a server error', { status: 500, body: '' }],
    ['a connection that was cut', 'cut'],
    ['an answer that is no XML', { body: 'Bad Gateway', status: 502 }],
  ])('bears %s once', async (_, answer) => {
    const { refresh, slept } = await rig(butFirst('DescribeInstanceTypes', 1, answer))
    expect((await refresh({ regions: ['us-east-1'] })).regions[0]!.prices).toHaveLength(5)
    expect(slept).toHaveLength(1)
  })

  test('asks again when no answer comes in time', async () => {
    const { refresh, slept } = await rig(butFirst('DescribeAvailabilityZones', 1, 'silence'), { deadlineMs: 400 })
    expect((await refresh({ regions: ['us-east-1'] })).regions[0]!.prices).toHaveLength(5)
    expect(slept).toHaveLength(1)
  })

  test.each(['ExpiredToken', 'AuthFailure', 'RequestExpired'])('is over at once with %s', async (code) => {
    const refused = ec2Error(401, code, `AWS was not able to validate the provided access credentials`)
    const { refresh, slept } = await rig(butFirst('DescribeRegions', 9, refused))
    const error = await refresh().catch((each: unknown) => each)
    expect(error).toMatchObject({ kind: 'conflict', reason: 'CLOUD_CREDENTIALS' })
    expect(String(error)).toContain(code)
    expect(String(error)).toContain('aws sso login')
    expect(slept).toEqual([])
  })

  test('says nothing of credentials when it fails', async () => {
    const { refresh } = await rig(butFirst('DescribeRegions', 99, ec2Error(403, 'UnauthorizedOperation', 'no')))
    const error = (await refresh().catch((each: unknown) => each)) as Error
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error))
    expect(error).toMatchObject({ reason: 'CLOUD_REFUSED' })
    expect(error.cause).toBeUndefined()
    expect(everything).not.toContain(accessKeyId)
    expect(everything).not.toContain(secretAccessKey)
    expect(everything).not.toContain('Signature=')
  })

  test('is no layer when a later page stays away', async () => {
    const { refresh, slept } = await rig((request) => {
      const isSecond = actionOf(request) === 'DescribeSpotPriceHistory' && parameter(request, 'NextToken') === 'page-2'
      return isSecond ? { status: 500, body: '' } : wellAnswers(request)
    })
    await expect(refresh({ regions: ['us-east-1'] })).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'CLOUD_UNAVAILABLE',
      message: expect.stringContaining('DescribeSpotPriceHistory in us-east-1 failed 6 times') as string,
    })
    expect(slept).toHaveLength(5)
  })

  test.each<[string, string, (request: CloudRequest) => CloudAnswer]>([
    [
      'pages that go in a circle',
      'names page 2 as the one after it again',
      () => spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: '0.1' }], 'again'),
    ],
    ['a price of nothing', '"0.00"', () => spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: '0.00' }])],
    ['a negative price', '"-1"', () => spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: '-1' }])],
    ['a price that is no number', '"NaN"', () => spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: 'NaN' }])],
  ])('does not believe %s', async (_, found, answer) => {
    const { refresh } = await rig((request) =>
      actionOf(request) === 'DescribeSpotPriceHistory' ? answer(request) : wellAnswers(request),
    )
    await expect(refresh({ regions: ['us-east-1'] })).rejects.toMatchObject({
      reason: 'CLOUD_ANSWER',
      message: expect.stringContaining(found) as string,
    })
  })

  test('without placement scores says nothing about stock', async () => {
    const denied = ec2Error(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.')
    const { refresh, texts } = await rig(butFirst('GetSpotPlacementScores', 9, denied))
    const layer = await refresh({ regions: ['us-east-1'] })
    expect(new Set(layer.regions[0]!.prices.map(({ stock }) => stock))).toEqual(new Set(['unknown']))
    expect(texts.at(-1)).toContain('no placement scores')
  })

  test('keeps what was known of a market of which nothing is found', async () => {
    const { refresh } = await rig((request) =>
      actionOf(request) === 'DescribeSpotPriceHistory' ? spotAnswer([]) : wellAnswers(request),
    )
    expect((await refresh({ regions: ['us-east-1'] })).regions[0]!.complete).toEqual(['on-demand'])
  })

  test('in a currency without a rate names it', async () => {
    const { refresh } = await rig((request) =>
      actionOf(request) === 'GetProducts'
        ? productsAnswer([product('g4dn.xlarge', '3.7', 'CNY')])
        : wellAnswers(request),
    )
    await expect(refresh({ regions: ['us-east-1'] })).rejects.toMatchObject({ violations: [{ field: 'usdPer.CNY' }] })
    const layer = await refresh({ regions: ['us-east-1'], usdPer: { CNY: 0.14 } })
    expect(layer.regions[0]!.prices[0]).toMatchObject({ perUnitHour: 3.7, currency: 'CNY', usdPerUnitHour: 3.7 * 0.14 })
  })

  test('of a region that is none is refused by field', async () => {
    const { refresh, cloud } = await rig()
    await expect(refresh({ regions: ['aws/us-east-1', 'gcp/us-central1'] })).rejects.toMatchObject({
      violations: [{ field: 'regions[1]' }],
    })
    expect(cloud.requests).toEqual([])
  })

  test('ends when it is interrupted', async () => {
    const { refresh, cloud } = await rig(() => 'silence')
    const interrupt = new AbortController()
    const refreshed = refresh({ signal: interrupt.signal })
    const asked = setInterval(() => {
      if (cloud.requests.length > 0) interrupt.abort()
    }, 5)
    await expect(refreshed).rejects.toMatchObject({ kind: 'cancelled' })
    clearInterval(asked)
  })
})

describe('a data set on S3', () => {
  const signal = new AbortController().signal
  const bucketIn = (region: string, list: (request: CloudRequest) => CloudAnswer) => (request: CloudRequest) =>
    request.method === 'HEAD' ? { headers: { 'x-amz-bucket-region': region }, body: '' } : list(request)

  test('is counted over all pages, without its neighbours and folders', async () => {
    const { adapter, cloud } = await rig(
      bucketIn('eu-west-1', ({ query }) =>
        query.has('continuation-token')
          ? objectsAnswer([{ key: 'train/b', bytes: 5 }])
          : objectsAnswer(
              [
                { key: 'train/', bytes: 0 },
                { key: 'train/a', bytes: 3_000_000_000 },
                { key: 'train-old/a', bytes: 7 },
              ],
              'page-2',
            ),
      ),
    )
    const uri = 's3://some-bucket/train'
    expect(await adapter.listDataset({ uri, region: null, signal })).toEqual({
      uri,
      region: 'aws/eu-west-1',
      objects: 2,
      bytes: 3_000_000_005,
      truncated: false,
    })
    expect(cloud.requests.at(-1)).toMatchObject({ path: '/some-bucket/' })
    expect(regionOf(cloud.requests.at(-1)!)).toBe('eu-west-1')
  })

  test('is not counted to its end where one object is enough', async () => {
    const { adapter, cloud } = await rig(
      bucketIn('eu-west-1', ({ query }) =>
        objectsAnswer(
          [{ key: query.has('continuation-token') ? 'train/a' : 'train-old/a', bytes: 5 }],
          cloud.requests.length + '',
        ),
      ),
    )
    const request = { uri: 's3://some-bucket/train', region: 'aws/eu-west-1', untilFound: true, signal }
    expect(await adapter.listDataset(request)).toMatchObject({ objects: 1, truncated: true })
    expect(cloud.requests).toHaveLength(3)
  })

  test.each<[string, CloudAnswer, string]>([
    ['does not exist', { status: 404, body: '' }, 'CLOUD_MISSING'],
    ['is not ours to list', { status: 403, body: '' }, 'CLOUD_REFUSED'],
  ])('that %s is refused', async (_, answer, reason) => {
    const { adapter, slept } = await rig(() => answer)
    await expect(adapter.listDataset({ uri: 's3://some-bucket/x', region: null, signal })).rejects.toMatchObject({
      reason,
      message: expect.stringContaining('some-bucket') as string,
    })
    expect(slept).toEqual([])
  })

  test('with an impossible size is not believed', async () => {
    const { adapter } = await rig(bucketIn('us-east-1', () => objectsAnswer([{ key: 'x', bytes: -1 }])))
    await expect(adapter.listDataset({ uri: 's3://some-bucket', region: null, signal })).rejects.toMatchObject({
      reason: 'CLOUD_ANSWER',
    })
  })

  test.each(['s3://', 's3://A/b', 'cos://data-1250000000/x', 's3://bucket/../x', 'file:///x', 's3:/bucket/x'])(
    'at %s is refused by field',
    async (uri) => {
      const { adapter, cloud } = await rig()
      await expect(adapter.listDataset({ uri, region: null, signal })).rejects.toMatchObject({
        violations: [{ field: 'uri' }],
      })
      expect(cloud.requests).toEqual([])
    },
  )
})
