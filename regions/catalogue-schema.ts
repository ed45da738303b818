// The shape of a catalogue file. Unknown keys are refused by name; what rows say of each other is checked in
// `check-catalogue.ts`.
import { z } from 'zod'
import { deviceModelsMax, regionsMax } from './config.ts'

const regionName = z
  .string()
  .regex(/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/, 'use provider/place in lower case, for example aws/us-east-1')
const deviceModelName = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower case, for example nvidia-t4')
const price = z.number('use a number').min(0, 'use 0 or more')
const positive = z.number('use a number').positive('use a number above 0')
const text = z.string().min(1, 'write some text')

export const catalogueSchema = z.strictObject({
  version: text,
  sources: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ id: text, kind: z.literal('licensed'), licence: text, from: text, note: text.optional() }),
        z.strictObject({ id: text, kind: z.literal('assumption'), note: text }),
      ]),
    )
    .min(1, 'name where the figures are from'),
  deviceModels: z
    .array(z.strictObject({ name: deviceModelName, relativeSpeed: positive, source: text }))
    .min(1, 'list at least one device model')
    .max(deviceModelsMax),
  regions: z
    .array(
      z.strictObject({
        name: regionName,
        provider: z.enum(['aws', 'tencent', 'onprem'], 'use aws, tencent or onprem'),
        prices: z.array(z.strictObject({ deviceModel: deviceModelName, usdPerUnitHour: price, source: text })),
      }),
    )
    .min(1, 'list at least one region')
    .max(regionsMax),
  links: z
    .array(
      z.strictObject({
        from: regionName,
        to: regionName,
        mbitPerSecond: positive,
        roundTripMs: price,
        egressUsdPerGb: price,
        sources: z.array(text).min(1, 'name at least one source'),
      }),
    )
    .max(regionsMax * regionsMax),
})

export type CatalogueFile = z.infer<typeof catalogueSchema>
