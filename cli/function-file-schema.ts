// The shape of a function file (function.yaml). Strict, as the job file: a key that nobody reads is refused.
import { z } from 'zod'
import { gpuShareAskedSchema, gpuShareSchema } from './gpu-share-schema.ts'
import { regionName } from './job-file-schema.ts'

/** Of functions and pipelines. */
export const timeoutSchema = z
  .int('must be a whole number')
  .min(10, 'must be at least 10')
  .max(3_600_000, 'must be at most 3600000')

export const sloSchema = z.strictObject({
  latency_ms: z.number().min(1, 'must be at least 1').max(600_000, 'must be at most 600000'),
  percentile: z.number().min(50, 'must be at least 50').max(99.9, 'must be at most 99.9').default(99),
  per: z.enum(['request', 'token']).default('request'),
})

/** Parts of one GPU, of its multiprocessors and of the time on them. */
const partOfGpu = z
  .number()
  .gt(0, 'must be above 0')
  .max(1, 'must be at most 1')
  .multipleOf(0.001, 'must have three decimals at most')

const pointSchema = z.strictObject({
  device_model: z.string().min(1, 'is empty'),
  batch: z.int('must be a whole number').min(1, 'must be at least 1').max(1024, 'must be at most 1024').default(1),
  sm: partOfGpu.default(1),
  quota: partOfGpu.default(1),
  latency_ms: z.number().gt(0, 'must be above 0').max(600_000, 'must be at most 600000'),
})

const pointsSchema = z.array(pointSchema).max(4000, 'must have at most 4000 points')

/** Not a union: what is wrong is told of the list. */
const profileSchema = z.unknown().transform((given, context): 'auto' | z.infer<typeof pointsSchema> => {
  if (given === 'auto') return 'auto'
  const parsed = pointsSchema.safeParse(given ?? [])
  if (parsed.success) return parsed.data
  const isWord = typeof given === 'string'
  for (const issue of parsed.error.issues) {
    const told = isWord ? { ...issue, message: 'must be a list of points, or auto' } : issue
    context.issues.push({ ...told, input: given } as z.core.$ZodRawIssue)
  }
  return z.NEVER
})

const instancesSchema = z
  .strictObject({
    min: z.int('must be a whole number').min(0, 'must not be negative').max(1000).default(1),
    max: z.int('must be a whole number').min(1, 'must be at least 1').max(1000).optional(),
  })
  .refine(({ min, max }) => max === undefined || max >= min, { path: ['max'], message: 'must be at least min' })

export const nameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 63 characters')

export const labelsSchema = z
  .record(z.string().min(1, 'is empty').max(200), z.string('must be text; put numbers in quotes').max(200))
  .default({})

export const functionFileSchema = z.strictObject({
  name: nameSchema,
  folder: z.string().min(1, 'is empty').default('.'),
  handler: z
    .string()
    .regex(
      /^([A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*|onnx:[\w-][\w./-]*\.onnx)$/,
      'must name a module and a class in it, for example "model:Classifier", or a model, "onnx:model.onnx"',
    ),
  environment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a variable name'),
      z.string('must be text; put numbers in quotes'),
    )
    .default({}),
  slo: sloSchema.optional(),
  instances: instancesSchema.prefault({}),
  batch_max: z.int('must be a whole number').min(1, 'must be at least 1').max(1024, 'must be at most 1024').default(1),
  gpu_share: gpuShareAskedSchema.optional(),
  device_models: z.array(z.string().min(1, 'is empty')).max(64).default([]),
  regions: z.array(regionName).max(1000).default([]),
  autoscaler: z.enum(['hybrid', 'dilu', 'has-gpu', 'fast-gshare', 'knative', 'fixed']).default('hybrid'),
  timeout_ms: timeoutSchema.optional(),
  queue_max: z
    .int('must be a whole number')
    .min(1, 'must be at least 1; leave it out for as many as the objective allows')
    .max(100_000, 'must be at most 100000')
    .optional(),
  at_most_once: z.boolean().default(false),
  profile: profileSchema.default([]),
  memory_gib: z.number().min(0.25, 'must be at least 0.25').max(4096, 'must be at most 4096').optional(),
  owner: z.string().max(200).default(''),
  labels: labelsSchema,
})

export type FunctionFileContent = z.infer<typeof functionFileSchema>

/** Keys that may stand where an unknown one was found, for suggestions. */
export function knownFunctionKeysAt(path: readonly PropertyKey[]): readonly string[] {
  const shapes: Readonly<Record<string, object>> = {
    '': functionFileSchema.shape,
    slo: sloSchema.shape,
    instances: instancesSchema.shape,
    gpu_share: gpuShareSchema.shape,
    profile: pointSchema.shape,
  }
  return Object.keys(shapes[path.filter((part) => typeof part === 'string').join('.')] ?? {})
}
