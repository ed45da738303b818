// The adapter of AWS against moto: what is asked, and how, is what a server of EC2 and S3 understands. moto has no price list, so that
// one service is answered here.
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAws } from '#regions/aws/aws-adapter.ts'
import { actionOf, ec2Error, product, productsAnswer } from '#regions/aws/recorded.fixture.ts'
import { impatientClock, startCloud, type HttpCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { startMoto, type Moto } from '../moto-for-tests.ts'

const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' }
const signal = new AbortController().signal

describe('AWS, emulated', () => {
  let moto: Moto | null = null
  let priceList: HttpCloud
  beforeAll(async () => {
    moto = await startMoto()
    priceList = await startCloud((request) => {
      if (actionOf(request) !== 'GetProducts') return ec2Error(400, 'InvalidAction', 'not here')
      const isCpu = request.body.includes('c6i.2xlarge')
      return productsAnswer(isCpu ? [product('c6i.2xlarge', '0.34')] : [product('g4dn.xlarge', '0.526')])
    })
    process.env['AWS_ENDPOINT_URL_PRICING'] = priceList.url
  })
  afterAll(async () => {
    delete process.env['AWS_ENDPOINT_URL_PRICING']
    delete process.env['AWS_ENDPOINT_URL']
    await priceList.stop()
    await moto?.stop()
  })

  const open = (url: string) => {
    // As an operator points the SDK elsewhere.
    process.env['AWS_ENDPOINT_URL'] = url
    return openAws({ clock: impatientClock(systemClock(), []), random: seededRandom(1), credentials })
  }

  test('tells machines, zones and prices of a region', async ({ skip }) => {
    if (moto === null) return skip('moto is not to be had')
    const aws = open(moto.url)
    const texts: string[] = []
    const layer = await aws.refresh({
      regions: ['aws/us-east-1', 'aws/eu-west-1'],
      instanceTypes: [],
      usdPer: {},
      signal,
      onProgress: ({ text }) => texts.push(text),
    })
    aws.close()
    expect(layer.regions.map(({ name }) => name)).toEqual(['aws/eu-west-1', 'aws/us-east-1'])
    const rows = layer.regions[1]!.prices
    const onDemand = rows.filter(({ market }) => market === 'on-demand')
    expect(onDemand.map(({ deviceModel, usdPerUnitHour }) => [deviceModel, usdPerUnitHour])).toEqual([
      ['cpu', 0.0425],
      ['nvidia-t4', 0.526],
    ])
    const models = new Set(rows.map(({ deviceModel }) => deviceModel))
    for (const model of ['nvidia-a10g', 'nvidia-a100', 'nvidia-a100-80', 'nvidia-h100', 'nvidia-l4', 'nvidia-v100'])
      expect(models).toContain(model)
    // Slices of a GPU are none.
    expect(rows.some(({ instanceType }) => instanceType.startsWith('g6f.'))).toBe(false)
    expect(rows.filter(({ instanceType }) => instanceType === 'g4dn.xlarge').length).toBeGreaterThan(3)
    // moto knows no placement scores, and the layer is whole without them.
    expect(texts.at(-1)).toContain('no placement scores')
  })

  test('counts a data set of several pages in a bucket of another region', async ({ skip }) => {
    if (moto === null) return skip('moto is not to be had')
    const aws = open(moto.url)
    const s3 = new S3Client({ endpoint: moto.url, forcePathStyle: true, credentials, region: 'eu-west-1' })
    const Bucket = 'training-data'
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }))
    const keys = [...Array.from({ length: 1_200 }, (_, i) => `train/${i}.npz`), 'train-old/0.npz', 'train/sub/']
    for (let from = 0; from < keys.length; from += 100) {
      await Promise.all(
        keys.slice(from, from + 100).map((Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body: '12345' }))),
      )
    }
    const uri = `s3://${Bucket}/train`
    expect(await aws.listDataset({ uri, region: null, signal })).toEqual({
      uri,
      region: 'aws/eu-west-1',
      objects: 1_200,
      bytes: 6_000,
      truncated: false,
    })
    await expect(aws.listDataset({ uri: 's3://no-such-bucket/x', region: null, signal })).rejects.toMatchObject({
      reason: 'CLOUD_MISSING',
    })
    s3.destroy()
    aws.close()
  })
})
