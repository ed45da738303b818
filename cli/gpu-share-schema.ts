// A part of one GPU as job files and function files ask for it: `{ request: 0.5, limit: 0.9, memory_gib: 8 }`, or `auto`, which leaves
// it to what `cloudless profile` has measured; `{ sm: 0.24, request: 0.4, limit: 0.6 }` takes time on 24 % of the multiprocessors; `{ request: auto, memory_gib: 8 }` says what no profile knows.
import { z } from 'zod'
import type { GpuShare } from '#proto/generated/cloudless/v1/GpuShare.ts'

/** A thousandth is as fine as it gets. */
export const gpuShareSchema = z
  .strictObject({
    request: shareOfGpu(),
    limit: shareOfGpu().optional(),
    sm: shareOfGpu().optional(),
    memory_gib: memoryGib(),
  })
  .refine(({ request, limit }) => limit === undefined || limit >= request, {
    path: ['limit'],
    message: 'must be at least request: what is guaranteed may be used',
  })

const profiledSchema = z.strictObject({
  request: z.literal('auto'),
  limit: z.never('comes from the profile as request does; leave it out').optional(),
  sm: z.never('a profile is of all multiprocessors; leave it out, or give request and limit yourself').optional(),
  memory_gib: memoryGib(),
})

/** Not a union: what is wrong is told of the form that was meant. */
export const gpuShareAskedSchema = z.unknown().transform((given, context): ShareContent | ProfiledContent => {
  const asked = given === 'auto' ? { request: 'auto' } : given
  const isProfiled = typeof asked === 'object' && asked !== null && 'request' in asked && asked.request === 'auto'
  const parsed = isProfiled ? profiledSchema.safeParse(asked) : gpuShareSchema.safeParse(asked)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: asked } as z.core.$ZodRawIssue)
  return z.NEVER
})

type ShareContent = z.infer<typeof gpuShareSchema>
type ProfiledContent = z.infer<typeof profiledSchema>

function memoryGib(): z.ZodOptional<z.ZodNumber> {
  return z.number().positive('must be above 0; leave it out where you do not know').max(4096).optional()
}

function shareOfGpu(): z.ZodNumber {
  return z
    .number()
    .min(0.001, 'must be from 0.001 to 1, a part of one GPU')
    .max(1, 'must be from 0.001 to 1, a part of one GPU')
    .multipleOf(0.001, 'must have three decimals at most')
}

/** Of what a profile is asked. */
export type ProfiledShare = {
  /** 0 where the file does not say. */
  readonly memoryBytes: number
}

/** What the file says itself, or what it leaves to the profile; neither where it takes whole GPUs. */
export function gpuShareOf(asked: ShareContent | ProfiledContent | undefined): {
  readonly given: { readonly gpuShare?: GpuShare }
  readonly profiledShare: ProfiledShare | null
} {
  if (asked === undefined) return { given: {}, profiledShare: null }
  const { request, limit, sm, memory_gib: gib } = asked
  const memoryBytes = gib === undefined ? 0 : Math.round(gib * 2 ** 30)
  if (request === 'auto') return { given: {}, profiledShare: { memoryBytes } }
  const limited = limit === undefined ? {} : { limitMilli: Math.round(limit * 1000) }
  const part = sm === undefined ? {} : { smMilli: Math.round(sm * 1000) }
  const kept = memoryBytes === 0 ? {} : { memoryBytes }
  const gpuShare = { requestMilli: Math.round(request * 1000), ...limited, ...part, ...kept }
  return { given: { gpuShare }, profiledShare: null }
}
