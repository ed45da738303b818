// The shape of a catalogue in one YAML file: an operator's own rack, contract prices, measured lines. Everything but what it
// wants to say may be left out: the layers below have the rest. Unknown keys are refused by name; what rows say of each
// other is checked in `check-file.ts`.
import { z } from 'zod'
import { markets, providers } from '../catalogue.ts'
import { deviceModelsMax, regionsMax } from '../config.ts'
import { sourceSchema } from '../sources.ts'

const regionName = z
  .string()
  .regex(/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/, 'use provider/place in lower case, for example aws/us-east-1')
const regionPattern = z
  .string()
  .regex(/^(\*|[a-z0-9]+\/(\*|[a-z0-9]+(-[a-z0-9]+)*))$/, 'use a region, or for example aws/* or *')
const deviceModelName = z
  .string()
  .max(63, 'use at most 63 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower case, for example nvidia-t4')
const word = z
  .string()
  .max(63, 'use at most 63 characters')
  .regex(/^[A-Za-z0-9._-]*$/, 'use letters, digits, ".", "_" and "-"')
const price = z.number('use a number').min(0, 'use 0 or more')
const positive = z.number('use a number').positive('use a number above 0')
const text = z.string().min(1, 'write some text').max(1_000, 'use at most 1000 characters')
const day = z.iso.date('use a date in quotes, for example "2026-11-01"')
const currency = z.string().regex(/^[A-Z]{3}$/, 'use three capital letters, for example USD')
const sources = z.array(text).min(1, 'name at least one source')
/** Where a row says nothing, the file itself is its source. */
const source = text.optional()

export const fileSchema = z.strictObject({
  /** The file's name where it says none. */
  version: word.min(1, 'write some text').optional(),
  usdPer: z
    .record(currency, z.strictObject({ usd: positive, on: day, source }))
    .refine((rates) => rates['USD'] === undefined, { path: ['USD'], message: 'USD is 1 by definition; remove it' })
    .default({}),
  defaultLink: z.strictObject({ mbitPerSecond: positive, roundTripMs: price, source }).optional(),
  sources: z.array(sourceSchema).default([]),
  deviceModels: z
    .array(z.strictObject({ name: deviceModelName, relativeSpeed: positive, memoryGib: positive.optional(), source }))
    .max(deviceModelsMax)
    .default([]),
  regions: z
    .array(
      z.strictObject({
        name: regionName,
        provider: z.enum(providers, `use ${providers.join(', ')}`).optional(),
        latitude: z.number('use a number').min(-90, 'use -90 to 90').max(90, 'use -90 to 90').optional(),
        longitude: z.number('use a number').min(-180, 'use -180 to 180').max(180, 'use -180 to 180').optional(),
        storageUsdPerGbMonth: price.optional(),
        prices: z
          .array(
            z.strictObject({
              deviceModel: z.string().min(1, 'name a device').max(63, 'use at most 63 characters'),
              market: z.enum(markets, `use ${markets.join(' or ')}`).default('on-demand'),
              instanceType: word.default(''),
              zone: word.default(''),
              usdPerUnitHour: price.optional(),
              perUnitHour: price.optional(),
              currency: currency.optional(),
              pricedOn: day.optional(),
              lossesPerHour: price.default(0),
              source,
            }),
          )
          .default([]),
        source,
      }),
    )
    .max(regionsMax)
    .default([]),
  links: z
    .array(
      z.strictObject({
        from: regionName,
        to: regionName,
        mbitPerSecond: positive,
        roundTripMs: price,
        egressUsdPerGb: price.optional(),
        sources: sources.optional(),
      }),
    )
    .max(regionsMax * regionsMax)
    .default([]),
  egress: z
    .array(
      z.strictObject({
        from: regionPattern,
        to: regionPattern,
        usdPerGb: price.optional(),
        usdPerMbitMonth: price.optional(),
        source,
      }),
    )
    .max(regionsMax * regionsMax)
    .default([]),
})

export type CatalogueFile = z.infer<typeof fileSchema>
