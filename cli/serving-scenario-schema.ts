// The shape of a scenario of serving. Strict, as job files and function files: a key that nobody reads is refused.
import { z } from 'zod'
import { limits } from './config.ts'
import { functionFileSchema } from './function-file-schema.ts'

const secondsPer = { ms: 0.001, s: 1, m: 60, h: 3600 } as const
const durationText = 'is not a duration; write a number with its unit, for example "500ms", "90s", "30m" or "2h"'

/** Milliseconds. A bare number would leave the unit to guessing. */
const duration = z
  .string(durationText)
  .regex(/^\d{1,9}(\.\d{1,3})?(ms|s|m|h)$/, durationText)
  .transform((text) => {
    const [, number, unit] = /^([\d.]+)(ms|s|m|h)$/.exec(text)!
    return Math.round(Number(number) * secondsPer[unit as keyof typeof secondsPer] * 1_000)
  })
const someTime = duration.pipe(z.number().positive('must be above 0s'))
const whole = z.int('must be a whole number')
const part = z.number().min(0.001, 'must be from 0.001 to 1').max(1, 'must be from 0.001 to 1')
const fileName = z.string().min(1, 'is empty')

const gpuSchema = z.strictObject({
  model: z.string().min(1, 'is empty').max(63),
  count: whole.min(1, 'must be at least 1').max(limits.simulatedGpusMax, `must be at most ${limits.simulatedGpusMax}`),
  memory_gib: z.number().positive('must be above 0').default(16),
  usd_per_hour: z.number().min(0, 'must not be negative').default(0),
})

const pointSchema = z.strictObject({
  batch: whole.min(1, 'must be at least 1').max(1024),
  sm: part,
  quota: part.default(1),
  latency_ms: z.number().positive('must be above 0'),
})

const profileFileSchema = z.strictObject({
  file: fileName,
  /** Rows of that name in the column "model"; all rows where there is none. */
  model: z.string().min(1, 'is empty').optional(),
})

const shareSchema = z
  .strictObject({ request: part, limit: part.optional(), sm: part.default(1) })
  .refine(({ request, limit }) => limit === undefined || limit >= request, {
    path: ['limit'],
    message: 'must be at least request: what is guaranteed may be used',
  })

const rate = z
  .number()
  .min(0, 'must not be negative')
  .max(limits.simulatedRateMax, `must be at most ${limits.simulatedRateMax}`)
const scale = z.number().positive('must be above 0').max(1_000, 'must be at most 1000').default(1)
const spacing = z.enum(['poisson', 'even']).default('poisson')

const arrivalsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('poisson'), rate }),
  z.strictObject({
    kind: z.literal('rates'),
    per_second: z.array(rate).min(1, 'is empty').max(100_000).optional(),
    /** One number a line, .gz too, or JSON: a list, or an object with one list of numbers. */
    file: fileName.optional(),
    /** How long each of them holds. */
    slot: someTime.default(1_000),
    /** Left out at the beginning of the file. */
    skip: duration.default(0),
    scale,
    spacing,
  }),
  z.strictObject({
    kind: z.literal('times'),
    /** A CSV with a column of times: seconds, or dates with a time. */
    file: fileName,
    column: z.string().min(1, 'is empty'),
    skip: duration.default(0),
  }),
])

const functionSchema = z.strictObject({
  name: functionFileSchema.shape.name,
  slo: functionFileSchema.shape.slo,
  instances: functionFileSchema.shape.instances,
  batch_max: functionFileSchema.shape.batch_max,
  gpu_share: shareSchema.prefault({ request: 1 }),
  memory_gib: z.number().positive('must be above 0').default(1),
  cold_start: duration.default(10_000),
  timeout: duration.default(30_000),
  queue_max: whole.min(0, 'must not be negative').default(0),
  profile: z.union([z.array(pointSchema).min(1, 'is empty').max(10_000), profileFileSchema], {
    error: 'must be a list of points { batch, sm, quota, latency_ms }, or { file, model } of a CSV with such columns',
  }),
  /** May be left out where a pipeline asks it. */
  arrivals: arrivalsSchema.optional(),
})

const stageSchema = z.strictObject({
  name: functionFileSchema.shape.name,
  function: z.string().min(1, 'is empty'),
  after: z.array(z.string()).max(32, 'must be at most 32').default([]),
})

const pipelineSchema = z.strictObject({
  name: functionFileSchema.shape.name,
  stages: z.array(stageSchema).min(1, 'is empty').max(32, 'must be at most 32'),
  slo: z.strictObject({
    latency_ms: z.number().positive('must be above 0'),
    percentile: z.number().min(50, 'must be at least 50').max(99.9, 'must be at most 99.9').default(99),
  }),
  arrivals: arrivalsSchema,
})

export const servingScenarioSchema = z.strictObject({
  name: z.string().min(1, 'is empty').max(100),
  seeds: z
    .array(whole.min(0, 'must not be negative').max(2 ** 32))
    .min(1, 'is empty')
    .max(limits.simulatedSeedsMax, `must be at most ${limits.simulatedSeedsMax}`)
    .default([1]),
  length: someTime.pipe(
    z.number().max(limits.simulatedHoursMax * 3_600_000, `must be at most ${limits.simulatedHoursMax}h`),
  ),
  policies: z.array(z.string().min(1, 'is empty')).min(1, 'is empty').max(8, 'must be at most 8').default(['hybrid']),
  gpus: z.array(gpuSchema).min(1, 'is empty').max(16, 'must be at most 16'),
  functions: z.array(functionSchema).min(1, 'is empty').max(32, 'must be at most 32'),
  pipelines: z.array(pipelineSchema).max(16, 'must be at most 16').default([]),
})

export type ServingScenarioContent = z.infer<typeof servingScenarioSchema>
export type PipelineContent = ServingScenarioContent['pipelines'][number]
export type FunctionContent = ServingScenarioContent['functions'][number]

/** Keys that may stand where an unknown one was found, for suggestions. */
export function knownServingKeysAt(path: readonly PropertyKey[]): readonly string[] {
  const shapes: Readonly<Record<string, object>> = {
    '': servingScenarioSchema.shape,
    gpus: gpuSchema.shape,
    functions: functionSchema.shape,
    pipelines: pipelineSchema.shape,
    'pipelines.stages': stageSchema.shape,
    'pipelines.slo': { latency_ms: 0, percentile: 0 },
    'functions.slo': { latency_ms: 0, percentile: 0, per: 0 },
    'functions.instances': { min: 0, max: 0 },
    'functions.gpu_share': shareSchema.shape,
    'functions.profile': { ...pointSchema.shape, ...profileFileSchema.shape },
    'functions.arrivals': {
      kind: 0,
      rate: 0,
      per_second: 0,
      file: 0,
      slot: 0,
      skip: 0,
      scale: 0,
      spacing: 0,
      column: 0,
    },
  }
  return Object.keys(shapes[path.filter((one) => typeof one === 'string').join('.')] ?? {})
}
