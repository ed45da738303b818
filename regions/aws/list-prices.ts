// On-demand prices from the price list: Linux, shared machines, nothing pre-installed, no reservation. The list holds each product
// as a text of JSON.
import { GetProductsCommand, type Filter } from '@aws-sdk/client-pricing'
import { z } from 'zod'
import { unbelievable } from '#regions/cloud/cloud-api.ts'
import { allPages } from '#regions/cloud/pages.ts'
import type { AwsClients } from './clients.ts'
import { cpuInstanceTypes } from './config.ts'
import { partitionOf } from './partitions.ts'

export type ListPrice = { readonly instanceType: string; readonly perHour: number; readonly currency: string }

/** In ascending order of instance type, one each. Empty `instanceTypes` means all with GPUs, and the one that prices "cpu". */
export async function listPricesIn(
  clients: AwsClients,
  region: string,
  instanceTypes: readonly string[],
  signal: AbortSignal,
): Promise<readonly ListPrice[]> {
  const wanted =
    instanceTypes.length > 0
      ? instanceTypes.map((type) => equals('instanceType', type))
      : [equals('instanceFamily', 'GPU instance'), ...cpuInstanceTypes.map((type) => equals('instanceType', type))]
  const cheapest = new Map<string, ListPrice>()
  for (const filter of wanted) {
    const what = `GetProducts of ${region} (${filter.Value})`
    const texts = await allPages(what, async (token) => {
      const command = new GetProductsCommand({
        ServiceCode: 'AmazonEC2',
        Filters: [...standing, equals('regionCode', region), filter],
        MaxResults: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      })
      const answer = await clients.pricing.call(what, signal, (abortSignal) =>
        clients.pricingIn(partitionOf(region).pricingRegion).send(command, { abortSignal }),
      )
      return { items: answer.PriceList ?? [], next: answer.NextToken ?? '' }
    })
    for (const price of texts.flatMap((text) => listPriceOf(what, String(text)) ?? [])) {
      const before = cheapest.get(price.instanceType)
      if (before === undefined || price.perHour < before.perHour) cheapest.set(price.instanceType, price)
    }
  }
  return [...cheapest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, price]) => price)
}

function equals(field: string, value: string): Filter {
  return { Type: 'TERM_MATCH', Field: field, Value: value }
}

const standing = [
  equals('operatingSystem', 'Linux'),
  equals('tenancy', 'Shared'),
  equals('preInstalledSw', 'NA'),
  equals('capacitystatus', 'Used'),
  equals('licenseModel', 'No License required'),
]

/** Only what is read of a product; the rest is the cloud's business. */
const productSchema = z.object({
  product: z.object({
    attributes: z.object({
      instanceType: z.string().regex(/^[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$/),
      marketoption: z.string().optional(),
    }),
  }),
  terms: z.object({
    OnDemand: z
      .record(
        z.string(),
        z.object({
          priceDimensions: z.record(
            z.string(),
            z.object({ unit: z.string(), pricePerUnit: z.record(z.string(), z.string()) }),
          ),
        }),
      )
      .optional(),
  }),
})

/** Null for a product that is not sold on demand by the hour, or costs nothing. */
export function listPriceOf(what: string, text: string): ListPrice | null {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw unbelievable(what, `has a product that is no JSON: ${JSON.stringify(text.slice(0, 60))}`)
  }
  const parsed = productSchema.safeParse(content)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw unbelievable(what, `has a product of another shape: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { product, terms } = parsed.data
  const { instanceType, marketoption = 'OnDemand' } = product.attributes
  // Blocks of capacity for fixed days are sold under the same type.
  if (marketoption !== 'OnDemand') return null
  const hourly = Object.values(terms.OnDemand ?? {})
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .filter(({ unit }) => unit === 'Hrs')
    .flatMap(({ pricePerUnit }) => Object.entries(pricePerUnit))
  const prices = hourly.flatMap(([currency, amount]): ListPrice[] => {
    const perHour = Number(amount)
    if (amount.trim() === '' || !(perHour >= 0 && perHour < 1e6) || !/^[A-Z]{3}$/.test(currency))
      throw unbelievable(
        what,
        `says that ${instanceType} costs ${JSON.stringify(amount.slice(0, 40))} ${currency.slice(0, 10)}`,
      )
    return perHour === 0 ? [] : [{ instanceType, perHour, currency }]
  })
  return prices.sort((a, b) => a.perHour - b.perHour)[0] ?? null
}
