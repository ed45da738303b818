// The SDK's own clients against recorded answers, good ones and others.
import { afterEach, describe, expect, test } from 'vitest'
import type { CloudAnswer, CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { accessKeyId, butFirst, openRig, secretAccessKey, wellAnswers } from './adapter-rig.fixture.ts'
import { actionOf, ec2Error, parameter, product, productsAnswer, regionOf, spotAnswer } from './recorded.fixture.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
})

async function rig(...given: Rest<Parameters<typeof openRig>>) {
  const made = await openRig(systemClock(), ...given)
  opened.push(made)
  return made
}

type Rest<T> = T extends [unknown, ...infer Others] ? Others : never

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

  test('of China asks the price list there, and pays in its currency', async () => {
    const { refresh, cloud } = await rig((request) =>
      actionOf(request) === 'GetProducts'
        ? productsAnswer([product('g4dn.xlarge', '3.7', 'CNY')])
        : wellAnswers(request),
    )
    const layer = await refresh({ regions: ['cn-north-1'], usdPer: { CNY: 0.14 } })
    const rows = layer.regions[0]!.prices.filter(({ instanceType }) => instanceType === 'g4dn.xlarge')
    expect(rows.map((row) => [row.market, row.perUnitHour, row.currency])).toEqual([
      ['on-demand', 3.7, 'CNY'],
      ['spot', 0.158, 'CNY'],
      ['spot', 0.19, 'CNY'],
    ])
    const asked = cloud.requests.filter((request) => actionOf(request) === 'GetProducts')
    expect(new Set(asked.map(regionOf))).toEqual(new Set(['cn-northwest-1']))
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
