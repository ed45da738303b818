// The shape of a function file (function.yaml). Strict, as the job file: a key that nobody reads is refused.
import { z } from 'zod'
import { gpuShareAskedSchema, gpuShareSchema } from './gpu-share-schema.ts'
import { regionName } from './job-file-schema.ts'

const sloSchema = z.strictObject({
  latency_ms: z.number().min(1, 'must be at least 1').max(600_000, 'must be at most 600000'),
  percentile: z.number().min(50, 'must be at least 50').max(99.9, 'must be at most 99.9').default(99),
  per: z.enum(['request', 'token']).default('request'),
})

const instancesSchema = z
  .strictObject({
    min: z.int('must be a whole number').min(0, 'must not be negative').max(1000).default(1),
    max: z.int('must be a whole number').min(1, 'must be at least 1').max(1000).optional(),
  })
  .refine(({ min, max }) => max === undefined || max >= min, { path: ['max'], message: 'must be at least min' })

export const functionFileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 63 characters'),
  folder: z.string().min(1, 'is empty').default('.'),
  handler: z
    .string()
    .regex(
      /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$/,
      'must name a module and a class in it, for example "model:Classifier"',
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
  owner: z.string().max(200).default(''),
  labels: z
    .record(z.string().min(1, 'is empty').max(200), z.string('must be text; put numbers in quotes').max(200))
    .default({}),
})

export type FunctionFileContent = z.infer<typeof functionFileSchema>

/** Keys that may stand where an unknown one was found, for suggestions. */
export function knownFunctionKeysAt(path: readonly PropertyKey[]): readonly string[] {
  const shapes: Readonly<Record<string, object>> = {
    '': functionFileSchema.shape,
    slo: sloSchema.shape,
    instances: instancesSchema.shape,
    gpu_share: gpuShareSchema.shape,
  }
  return Object.keys(shapes[path.filter((part) => typeof part === 'string').join('.')] ?? {})
}
