// The shapes of a catalogue folder: catalogue.yaml, and rows of its CSV files. Everything in a CSV file is text; an empty
// field is one that nobody knows.
import { z } from 'zod'
import { markets, providers } from './catalogue.ts'
import { sourceSchema } from './sources.ts'

const regionName = z
  .string()
  .regex(/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/, 'use provider/place in lower case, for example aws/us-east-1')
const regionPattern = z
  .string()
  .regex(/^(\*|[a-z0-9]+\/(\*|[a-z0-9]+(-[a-z0-9]+)*))$/, 'use a region, or for example aws/* or *')
const deviceModel = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower case, for example nvidia-t4')
const word = z
  .string()
  .max(63, 'use at most 63 characters')
  .regex(/^[A-Za-z0-9._-]*$/, 'use letters, digits, ".", "_" and "-"')
const text = z.string().min(1, 'write some text')
const day = z.iso.date('use a date, for example 2026-11-01')
const currency = z.string().regex(/^[A-Z]{3}$/, 'use three capital letters, for example USD')

/** A number as text: nothing that JavaScript would take for one by accident, such as '' or '0x1'. */
function number(check: (schema: z.ZodNumber) => z.ZodNumber): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?(e-?\d+)?$/i, 'use a number')
    .transform(Number)
    .pipe(check(z.number('use a number')))
}

const amount = number((schema) => schema.min(0, 'use 0 or more'))
const positive = number((schema) => schema.positive('use a number above 0'))
/** An empty field is null; what is wrong with any other one is said as the schema says it. */
function maybe<T>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return z.string().transform((given, context): T | null => {
    if (given === '') return null
    const parsed = schema.safeParse(given)
    if (parsed.success) return parsed.data
    for (const { message } of parsed.error.issues) context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

export const rowSchemas = {
  devices: z.strictObject({
    device_model: deviceModel,
    relative_speed: positive,
    /** The column may be left out. */
    memory_gib: maybe(positive).default(null),
    source: text,
  }),
  regions: z.strictObject({
    name: regionName,
    provider: z.enum(providers, `use ${providers.join(', ')}`),
    latitude: maybe(number((schema) => schema.min(-90, 'use -90 to 90').max(90, 'use -90 to 90'))),
    longitude: maybe(number((schema) => schema.min(-180, 'use -180 to 180').max(180, 'use -180 to 180'))),
    storage_usd_per_gb_month: maybe(amount),
    source: text,
  }),
  prices: z.strictObject({
    region: regionName,
    zone: word,
    instance_type: word,
    /** As the source writes it. */
    device_model: z.string().min(1, 'name a device').max(63, 'use at most 63 characters'),
    devices: number((schema) => schema.int('use a whole number').min(1, 'use 1 or more').max(1024, 'use at most 1024')),
    market: z.enum(markets, `use ${markets.join(' or ')}`),
    /** Null where the source has none. */
    per_instance_hour: maybe(amount),
    currency,
    priced_on: day,
    losses_per_hour: amount,
    source: text,
  }),
  machines: z.strictObject({
    provider: z.enum(providers, `use ${providers.join(', ')}`),
    instance_type: word.min(1, 'write the instance type'),
    device_model: deviceModel,
    devices: number((schema) => schema.int('use a whole number').min(1, 'use 1 or more').max(1024, 'use at most 1024')),
    vcpus: maybe(positive),
    memory_gib: maybe(positive),
    network_mbit_s: maybe(positive),
    /** Separated by ";". */
    zones: z.string().regex(/^([a-z0-9-]+(;[a-z0-9-]+)*)?$/, 'use zones separated by ";"'),
    source: text,
  }),
  links: z.strictObject({ from: regionName, to: regionName, mbit_s: positive, rtt_ms: amount, source: text }),
  egress: z.strictObject({
    from: regionPattern,
    to: regionPattern,
    kind: z.enum(['per-gb', 'p95-month'], 'use per-gb or p95-month'),
    up_to: maybe(positive),
    price: amount,
    currency,
    source: text,
  }),
} as const

export type RowKind = keyof typeof rowSchemas
export type Row<Kind extends RowKind> = z.infer<(typeof rowSchemas)[Kind]>

export const folderSchema = z.strictObject({
  version: text,
  usdPer: z
    .record(currency, z.strictObject({ usd: z.number().positive('use a number above 0'), on: day, source: text }))
    .refine((rates) => rates['USD'] === undefined, { path: ['USD'], message: 'USD is 1 by definition; remove it' })
    .default({}),
  defaultLink: z
    .strictObject({
      mbitPerSecond: z.number().positive('use a number above 0'),
      roundTripMs: z.number().min(0, 'use 0 or more'),
      source: text,
    })
    .optional(),
  sources: z.array(sourceSchema).min(1, 'name where the figures are from'),
})

export type FolderFile = z.infer<typeof folderSchema>
