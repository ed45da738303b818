// The shape of a job file (job.yaml). Strict: a key that nobody reads is a misunderstanding, so it is refused.
import { z } from 'zod'
import { boundsInWords, isWithin } from '#proto/sync/check-sync.ts'
import { defaultPolicy, policyNames } from '#proto/policies.ts'
import { optionNames, options, type Domain } from '#proto/sync/options.ts'
import { defaultStrategy, strategies, type Strategies } from '#proto/sync/strategies.ts'
import { gpuShareAskedSchema, gpuShareSchema } from './gpu-share-schema.ts'

const uint32Max = 4_294_967_295

export const regionName = z
  .string()
  .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'is not a region; write provider/place, for example "aws/us-east-1"')

const samples = z.int('must be a whole number').min(1, 'must be at least 1')

const placedData = z.strictObject({ region: regionName, uri: z.string().min(1, 'is empty'), samples })

const sizeText = 'is not a size; write bytes, or for example "20GB"'

/** 1500000, "1.5MB" or "20GB"; MB is 1e6 bytes. */
export const bytes = z
  .union([z.int(sizeText), z.string(sizeText).regex(/^\d{1,9}(\.\d{1,6})?(kB|MB|GB|TB)$/, sizeText)], sizeText)
  .transform((value) => (typeof value === 'number' ? value : sizeOf(value)))
  .pipe(z.int('must be whole bytes').min(1, 'must be at least 1'))

const bytesPer = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const

function sizeOf(text: string): number {
  return Math.round(Number(text.slice(0, -2)) * bytesPer[text.slice(-2) as keyof typeof bytesPer])
}

const regionPattern = z
  .string()
  .regex(
    /^([a-z0-9-]+\/[a-z0-9-]+|[a-z0-9-]*\/?[a-z0-9-]*\*)$/,
    'is not a region; write "aws/eu-west-1", "aws/eu-*" or "*"',
  )

const shardSchema = placedData
  .extend({ bytes: bytes.optional(), may_move_to: z.array(regionPattern).max(100).default([]) })
  .strict()
  .refine((shard) => shard.may_move_to.length === 0 || shard.bytes !== undefined, {
    path: ['bytes'],
    message: 'is needed where data may move; write for example "20GB"',
  })

/** "90s", "2m", "1h": a bare number would leave the unit to guessing. */
const duration = z
  .string('write a number with its unit, for example "120s" or "2m"')
  .regex(/^\d{1,9}(s|m|h)$/, 'is not a duration; write a number with its unit, for example "120s" or "2m"')
  .transform((text) => Number(text.slice(0, -1)) * secondsPer[text.slice(-1) as keyof typeof secondsPer])
  .pipe(z.number().min(1, 'must be at least 1s').max(86_400, 'must be at most 24h'))

const secondsPer = { s: 1, m: 60, h: 3600 } as const

const functionSchema = z.strictObject({
  folder: z.string().min(1, 'is empty'),
  entrypoint: z.string().min(1, 'is empty').endsWith('.py', 'must name a Python file, for example "train.py"'),
  arguments: z.array(z.string('must be text; put numbers in quotes')).max(1000).default([]),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a variable name'),
      z.string('must be text; put numbers in quotes'),
    )
    .default({}),
})

const dataSchema = z.strictObject({
  shards: z.array(shardSchema).min(1, 'needs at least one shard').max(10_000),
  holdout: placedData.optional(),
})

/** Every option there is; which of them the strategy takes, and how they go together, is checked on the whole. */
export function syncSchemaOf(known: Strategies): z.ZodObject<Record<string, SyncValue>, z.core.$strict> {
  const optional = optionNames.map((name) => [options[name].wireName, optionSchema(options[name].domain).optional()])
  const strategy = z.enum([...known.keys()]).default(defaultStrategy)
  return z.strictObject({ strategy, ...Object.fromEntries(optional) })
}

type SyncValue = z.ZodType<string | number | undefined>

function optionSchema(domain: Domain): z.ZodType<string | number> {
  if (domain.kind === 'choice') return z.enum(domain.choices)
  const isFine = (value: number): boolean =>
    (domain.kind === 'number' || Number.isSafeInteger(value)) && isWithin(domain, value)
  return z.number().refine(isFine, `must be ${boundsInWords(domain)}`)
}

const syncSchema = syncSchemaOf(strategies)

const trainingSchema = z.strictObject({
  epochs: z.int('must be a whole number').min(1, 'must be at least 1').max(1_000_000).default(1),
  seed: z.int('must be a whole number').min(0, 'must not be negative').default(0),
  worker_mode: z.enum(['asynchronous', 'synchronous']).optional(),
  lease_samples: z.int().min(1, 'must be at least 1').max(uint32Max).optional(),
  target: z.strictObject({ metric: z.string().min(1, 'is empty').max(100), at_least: z.number() }).optional(),
  stall_timeout: duration.optional(),
  restarts_max: z.int().min(1, 'must be at least 1').max(1000).optional(),
})

const resourcesSchema = z.strictObject({
  device_models: z.array(z.string().min(1, 'is empty')).max(100).default([]),
  markets: z
    .array(z.enum(['on-demand', 'spot']))
    .max(2)
    .default([]),
  workers_max_per_region: z.int().min(1, 'must be at least 1; leave it out for no limit').max(10_000).optional(),
  samples_per_second: z.record(z.string().min(1), z.number().positive('must be above 0')).default({}),
  gpu_share: gpuShareAskedSchema.optional(),
})

const objectiveSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('least-cost'),
    slack: z.number().min(0, 'must be at least 0').max(1000).optional(),
  }),
  z.strictObject({ kind: z.literal('least-time') }),
  z.strictObject({
    kind: z.literal('deadline'),
    at: z.iso
      .datetime({ offset: true, error: 'is not a time with its zone; write for example "2026-12-01T18:00:00Z"' })
      .transform((text) => Date.parse(text)),
  }),
])

const budgetSchema = z.strictObject({
  usd: z.number().positive('must be above 0'),
  actions: z
    .array(z.enum(['warn', 'lengthen', 'move', 'stop']))
    .max(4)
    .default([]),
})

export const jobFileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 63 characters'),
  function: functionSchema,
  data: dataSchema,
  sync: syncSchema.prefault({}),
  training: trainingSchema.prefault({}),
  resources: resourcesSchema.prefault({}),
  policy: z.enum(policyNames).default(defaultPolicy),
  objective: objectiveSchema.prefault({ kind: 'least-cost' }),
  budget: budgetSchema.optional(),
  owner: z.string().max(200).default(''),
  labels: z
    .record(z.string().min(1, 'is empty').max(200), z.string('must be text; put numbers in quotes').max(200))
    .default({}),
})

export type JobFileContent = z.infer<typeof jobFileSchema>

/** Keys that may stand where an unknown one was found, for suggestions. Empty inside free maps and unknown places. */
export function knownKeysAt(path: readonly PropertyKey[]): readonly string[] {
  const place = path.filter((part) => typeof part === 'string').join('.')
  const shapes: Readonly<Record<string, object>> = {
    '': jobFileSchema.shape,
    function: functionSchema.shape,
    data: dataSchema.shape,
    'data.shards': { ...placedData.shape, bytes: true, may_move_to: true },
    'data.holdout': placedData.shape,
    sync: syncSchema.shape,
    training: trainingSchema.shape,
    'training.target': { metric: true, at_least: true },
    resources: resourcesSchema.shape,
    'resources.gpu_share': gpuShareSchema.shape,
    objective: { kind: true, slack: true, at: true },
    budget: budgetSchema.shape,
  }
  return Object.keys(shapes[place] ?? {})
}
