// What is read of CVM's answers; the rest is the cloud's business. Fields that it leaves out or sets to null are not known.
import { z } from 'zod'
import { unbelievable } from '#regions/cloud/cloud-api.ts'

const word = z.string().max(63)
/** A price that is not sold by the hour is 0 or missing. */
const amount = z.number().min(0).max(1e6).nullish()

export const regionsSchema = z.object({
  RegionSet: z.array(z.object({ Region: word, RegionState: word.nullish() })),
})

export const zonesSchema = z.object({
  ZoneSet: z.array(z.object({ Zone: word, ZoneState: word.nullish() })),
})

export const configsSchema = z.object({
  InstanceTypeQuotaSet: z.array(
    z.object({
      Zone: word.regex(/^[a-z0-9-]+$/),
      InstanceType: word.regex(/^[A-Za-z0-9._-]+$/),
      InstanceChargeType: word.nullish(),
      InstanceFamily: word.nullish(),
      Cpu: z.number().nullish(),
      Gpu: z.number().nullish(),
      GpuCount: z.number().nullish(),
      Status: word.nullish(),
      StatusCategory: word.nullish(),
      Price: z.object({ UnitPrice: amount, UnitPriceDiscount: amount, ChargeUnit: word.nullish() }).nullish(),
    }),
  ),
})

export type ZoneConfig = z.infer<typeof configsSchema>['InstanceTypeQuotaSet'][number]

/** `what` is for messages. */
export function read<T>(what: string, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw unbelievable(what, `has ${issue?.path.join('.')} of another shape: ${issue?.message}`)
}
