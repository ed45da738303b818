import { expect, test } from 'vitest'
import { aSpec } from '#control-plane/model/builders.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import { Checks } from './checks.ts'
import { decodeGpuShare } from './gpu-share.ts'
import { decodeJobSpec, encodeJobSpec } from './job-spec.ts'

const part = { requestMilli: 400, limitMilli: 600, memoryBytes: 0, smMilli: 240 }
const share = { requestMilli: 400, limitMilli: 900, memoryBytes: 8 * 2 ** 30 }

test('a share comes back as it was sent, with its job', () => {
  const shared: JobSpec = aSpec({ resources: { ...aSpec().resources, gpuShare: share } })
  const onPart: JobSpec = aSpec({ resources: { ...aSpec().resources, gpuShare: part } })
  for (const spec of [shared, onPart, aSpec()]) {
    const checks = new Checks()
    // What goes over the wire has every field.
    expect(decodeJobSpec(checks, encodeJobSpec(spec) as Parameters<typeof decodeJobSpec>[1])).toEqual(spec)
    expect(checks.violations).toEqual([])
  }
})

test('a limit that nobody gave is one and a half times the request, at most a whole GPU', () => {
  const limitOf = (requestMilli: number): number =>
    decodeGpuShare(new Checks(), 'share', { requestMilli, limitMilli: 0, memoryBytes: 0, smMilli: 0 }).limitMilli
  expect([1, 333, 500, 667, 900, 1000].map(limitOf)).toEqual([2, 500, 750, 1000, 1000, 1000])
})

test('all multiprocessors are what nobody has said', () => {
  for (const smMilli of [0, 1000])
    expect(decodeGpuShare(new Checks(), 'share', { ...part, smMilli })).not.toHaveProperty('smMilli')
  // Refused where it is known what the share is for.
  expect(decodeGpuShare(new Checks(), 'share', { ...part, smMilli: 1001 })).toMatchObject({ smMilli: 1001 })
})

test('memory beyond what can be counted is refused with its field', () => {
  const checks = new Checks()
  decodeGpuShare(checks, 'spec.resources.gpu_share', { ...share, memoryBytes: 2 ** 60, smMilli: 0 })
  expect(checks.violations).toMatchObject([{ field: 'spec.resources.gpu_share.memory_bytes' }])
})
