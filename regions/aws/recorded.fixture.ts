// Answers in the shapes that AWS documents and sends, cut to what is looked at: EC2's XML, the price list's JSON, S3's XML.
import type { CloudAnswer, CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'

/** For example "DescribeRegions", "GetProducts" or "HEAD /bucket". */
export function actionOf({ headers, body, method, path }: CloudRequest): string {
  const target = headers['x-amz-target']
  if (typeof target === 'string') return target.split('.')[1]!
  return new URLSearchParams(body).get('Action') ?? `${method} ${path}`
}

/** A parameter of an EC2 request. */
export function parameter({ body }: CloudRequest, name: string): string | null {
  return new URLSearchParams(body).get(name)
}

/** The region that a request was signed for. */
export function regionOf({ headers }: CloudRequest): string {
  return /Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\//.exec(headers.authorization ?? '')?.[1] ?? ''
}

export function ec2(action: string, content: string, next = ''): CloudAnswer {
  const token = next === '' ? '' : `<nextToken>${next}</nextToken>`
  const head = `<?xml version="1.0" encoding="UTF-8"?><${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">`
  return {
    headers: { 'content-type': 'text/xml;charset=UTF-8' },
    body: `${head}<requestId>1</requestId>${content}${token}</${action}Response>`,
  }
}

export function ec2Error(status: number, code: string, message: string): CloudAnswer {
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return { status, body: `<?xml version="1.0"?><Response><Errors>${error}</Errors><RequestID>1</RequestID></Response>` }
}

const items = (rows: readonly string[]): string => rows.map((row) => `<item>${row}</item>`).join('')

export function regionsAnswer(regions: Readonly<Record<string, string>>): CloudAnswer {
  const rows = Object.entries(regions).map(
    ([name, optIn]) => `<regionName>${name}</regionName><optInStatus>${optIn}</optInStatus>`,
  )
  return ec2('DescribeRegions', `<regionInfo>${items(rows)}</regionInfo>`)
}

export function zonesAnswer(zones: readonly (readonly [id: string, name: string, type?: string])[]): CloudAnswer {
  const rows = zones.map(
    ([id, name, type = 'availability-zone']) =>
      `<zoneId>${id}</zoneId><zoneName>${name}</zoneName><zoneType>${type}</zoneType><zoneState>available</zoneState>`,
  )
  return ec2('DescribeAvailabilityZones', `<availabilityZoneInfo>${items(rows)}</availabilityZoneInfo>`)
}

export type RecordedType = {
  readonly type: string
  readonly vcpus?: number
  readonly gpu?: { readonly name: string; readonly count: number; readonly mib: number; readonly maker?: string }
}

export function typesAnswer(types: readonly RecordedType[], next = ''): CloudAnswer {
  const rows = types.map(({ type, vcpus = 4, gpu }) => {
    const gpus =
      gpu === undefined
        ? ''
        : `<gpuInfo><gpus><item><name>${gpu.name}</name><manufacturer>${gpu.maker ?? 'NVIDIA'}</manufacturer>` +
          `<count>${gpu.count}</count><memoryInfo><sizeInMiB>${gpu.mib}</sizeInMiB></memoryInfo></item></gpus></gpuInfo>`
    return `<instanceType>${type}</instanceType><vCpuInfo><defaultVCpus>${vcpus}</defaultVCpus></vCpuInfo>${gpus}`
  })
  return ec2('DescribeInstanceTypes', `<instanceTypeSet>${items(rows)}</instanceTypeSet>`, next)
}

export function offeringsAnswer(offered: Readonly<Record<string, readonly string[]>>): CloudAnswer {
  const rows = Object.entries(offered).flatMap(([type, zones]) =>
    zones.map(
      (zone) =>
        `<instanceType>${type}</instanceType><locationType>availability-zone</locationType><location>${zone}</location>`,
    ),
  )
  return ec2('DescribeInstanceTypeOfferings', `<instanceTypeOfferingSet>${items(rows)}</instanceTypeOfferingSet>`)
}

export type RecordedSpot = {
  readonly type: string
  readonly zone: string
  readonly usd: string
  readonly since?: string
}

export function spotAnswer(rows: readonly RecordedSpot[], next = ''): CloudAnswer {
  const texts = rows.map(
    ({ type, zone, usd, since = '2026-11-22T11:00:00.000Z' }) =>
      `<instanceType>${type}</instanceType><productDescription>Linux/UNIX</productDescription>` +
      `<spotPrice>${usd}</spotPrice><timestamp>${since}</timestamp><availabilityZone>${zone}</availabilityZone>`,
  )
  return ec2('DescribeSpotPriceHistory', `<spotPriceHistorySet>${items(texts)}</spotPriceHistorySet>`, next)
}

export function scoresAnswer(
  rows: readonly { readonly region: string; readonly zoneId: string; readonly score: number }[],
  next = '',
): CloudAnswer {
  const texts = rows.map(
    ({ region, zoneId, score }) =>
      `<region>${region}</region><availabilityZoneId>${zoneId}</availabilityZoneId><score>${score}</score>`,
  )
  return ec2('GetSpotPlacementScores', `<spotPlacementScoreSet>${items(texts)}</spotPlacementScoreSet>`, next)
}

/** One product as the price list writes it, with a reservation that must not be taken for its price. */
export function product(type: string, amount: string, currency = 'USD', unit = 'Hrs'): string {
  const dimension = (id: string, price: string) => ({ [id]: { unit, pricePerUnit: { [currency]: price } } })
  return JSON.stringify({
    product: { productFamily: 'Compute Instance', sku: 'SKU', attributes: { instanceType: type, tenancy: 'Shared' } },
    serviceCode: 'AmazonEC2',
    terms: {
      OnDemand: { 'SKU.JRTC': { sku: 'SKU', priceDimensions: dimension('SKU.JRTC.6YS', amount) } },
      Reserved: { 'SKU.4NA7': { sku: 'SKU', priceDimensions: dimension('SKU.4NA7.6YS', '0.0010') } },
    },
  })
}

export function productsAnswer(products: readonly string[], next = ''): CloudAnswer {
  const content = { FormatVersion: 'aws_v1', PriceList: products, ...(next === '' ? {} : { NextToken: next }) }
  return { headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(content) }
}

export function objectsAnswer(
  objects: readonly { readonly key: string; readonly bytes: number | string }[],
  next = '',
): CloudAnswer {
  const rows = objects.map(({ key, bytes }) => `<Contents><Key>${key}</Key><Size>${bytes}</Size></Contents>`)
  const more = next === '' ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
  const content = `<IsTruncated>${next !== ''}</IsTruncated>${rows.join('')}${more}`
  return {
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</ListBucketResult>`,
  }
}
