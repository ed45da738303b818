// The shape of a fetched layer as it is kept. Only this program writes such files, and still each is checked when it is read: disks
// lose bytes, and people edit.
import { z } from 'zod'
import { markets, providers, stocks } from '#regions/catalogue.ts'

const name = z.string().min(1).max(128)
const word = z.string().max(128)
const amount = z.number().min(0)

const price = z.strictObject({
  deviceModel: name,
  market: z.enum(markets),
  instanceType: word,
  zone: word,
  usdPerUnitHour: amount,
  perUnitHour: amount,
  currency: z.string().regex(/^[A-Z]{3}$/),
  pricedOn: z.iso.date(),
  lossesPerHour: amount.nullable(),
  stock: z.enum(stocks),
})

const region = z.strictObject({
  name,
  provider: z.enum(providers),
  coordinates: z.strictObject({ latitude: z.number(), longitude: z.number() }).nullable(),
  storageUsdPerGbMonth: amount.nullable(),
  prices: z.array(price),
  complete: z.array(z.enum(markets)),
})

/** Clouds tell of regions and prices; of links and egress other layers know. */
export const keptSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[a-z0-9]+(\.[a-z0-9-]+)?$/),
  fetchedAtMs: z.int().min(0).max(8.64e15),
  usdPer: z.record(z.string(), z.number().positive()),
  regions: z.array(region),
})

export type KeptLayer = z.infer<typeof keptSchema>
