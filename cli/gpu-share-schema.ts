// A part of one GPU as job files and function files ask for it: `{ request: 0.5, limit: 0.9, memory_gib: 8 }`.
import { z } from 'zod'
import type { GpuShare } from '#proto/generated/cloudless/v1/GpuShare.ts'

/** A thousandth is as fine as it gets. */
export const gpuShareSchema = z
  .strictObject({
    request: shareOfGpu(),
    limit: shareOfGpu().optional(),
    memory_gib: z.number().positive('must be above 0; leave it out where you do not know').max(4096).optional(),
  })
  .refine(({ request, limit }) => limit === undefined || limit >= request, {
    path: ['limit'],
    message: 'must be at least request: what is guaranteed may be used',
  })

function shareOfGpu(): z.ZodNumber {
  return z
    .number()
    .min(0.001, 'must be from 0.001 to 1, a part of one GPU')
    .max(1, 'must be from 0.001 to 1, a part of one GPU')
    .multipleOf(0.001, 'must have three decimals at most')
}

export function gpuShareOf({ request, limit, memory_gib: memoryGib }: z.infer<typeof gpuShareSchema>): GpuShare {
  return {
    requestMilli: Math.round(request * 1000),
    ...(limit === undefined ? {} : { limitMilli: Math.round(limit * 1000) }),
    ...(memoryGib === undefined ? {} : { memoryBytes: Math.round(memoryGib * 2 ** 30) }),
  }
}
