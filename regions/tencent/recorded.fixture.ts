// Answers in the shapes that Tencent Cloud documents, cut to what is looked at, from a server that checks the signature as the cloud
// does (TC3-HMAC-SHA256).
import { createHash, createHmac } from 'node:crypto'
import type { CloudAnswer, CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'

export function actionOf({ headers }: CloudRequest): string {
  return String(headers['x-tc-action'])
}

export function regionOf({ headers }: CloudRequest): string {
  return String(headers['x-tc-region'])
}

/** Values of a filter of the request. */
export function filterOf({ body }: CloudRequest, name: string): readonly string[] {
  const { Filters = [] } = JSON.parse(body) as { Filters?: readonly { Name: string; Values: readonly string[] }[] }
  return Filters.find(({ Name }) => Name === name)?.Values ?? []
}

export function answer(content: object): CloudAnswer {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Response: { ...content, RequestId: '1' } }),
  }
}

export function failure(code: string, message: string): CloudAnswer {
  return answer({ Error: { Code: code, Message: message } })
}

/** The signature as the documents say to compute it; the SDK signs the host without its port. */
export function isSigned({ headers, body, method, path }: CloudRequest, secretKey: string): boolean {
  const text = /Credential=[^/]+\/([^/]+)\/([^/]+)\/tc3_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
  const [, date, service, signedHeaders, signature] = text.exec(headers.authorization ?? '') ?? []
  if (date === undefined || service === undefined || signedHeaders === undefined) return false
  const valueOf = (name: string): string =>
    name === 'host' ? (headers.host ?? '').replace(/:\d+$/, '') : String(headers[name])
  const canonicalHeaders = signedHeaders.split(';').map((name) => `${name}:${valueOf(name)}\n`)
  const canonical = [method, path, '', canonicalHeaders.join(''), signedHeaders, hash(body)].join('\n')
  const scope = `${date}/${service}/tc3_request`
  const toSign = ['TC3-HMAC-SHA256', String(headers['x-tc-timestamp']), scope, hash(canonical)].join('\n')
  const key = [date, service, 'tc3_request'].reduce<Buffer | string>(
    (secret, part) => mac(secret, part),
    `TC3${secretKey}`,
  )
  return mac(key, toSign).toString('hex') === signature
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function mac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

export type RecordedConfig = {
  readonly zone: string
  readonly type: string
  readonly charge: string
  readonly cpu?: number
  readonly gpuCount?: number
  readonly unitPrice: number
  readonly discounted?: number
  readonly status?: string
  readonly category?: string
}

/** One row as the cloud writes it, with its steps and with prices that are not by the hour. */
export function config(row: RecordedConfig): object {
  const { zone, type, charge, cpu = 8, gpuCount = 0, unitPrice, discounted = unitPrice } = row
  return {
    Zone: zone,
    InstanceType: type,
    InstanceChargeType: charge,
    InstanceFamily: type.split('.')[0],
    Cpu: cpu,
    Memory: 32,
    Gpu: Math.ceil(gpuCount),
    GpuCount: gpuCount,
    Status: row.status ?? 'SELL',
    StatusCategory: row.category ?? 'EnoughStock',
    SoldOutReason: null,
    LocalDiskTypeList: [],
    Price: {
      UnitPrice: unitPrice,
      UnitPriceDiscount: discounted,
      ChargeUnit: 'HOUR',
      UnitPriceSecondStep: unitPrice * 0.7,
      UnitPriceDiscountSecondStep: discounted * 0.7,
      UnitPriceThirdStep: unitPrice * 0.5,
      UnitPriceDiscountThirdStep: discounted * 0.5,
      OriginalPrice: 0,
      DiscountPrice: 0,
      OriginalPriceThreeYear: null,
    },
  }
}

export function listing(
  objects: readonly { readonly key: string; readonly bytes: number }[],
  isTruncated: boolean,
): CloudAnswer {
  const rows = objects.map(({ key, bytes }) => `<Contents><Key>${key}</Key><Size>${bytes}</Size></Contents>`)
  return {
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version='1.0' encoding='utf-8' ?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${rows.join('')}</ListBucketResult>`,
  }
}
