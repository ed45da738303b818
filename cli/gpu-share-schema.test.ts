import { expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { decodeJobFile } from './job-file.ts'

const jobWith = (share: string): string => `name: images
function: { folder: ., entrypoint: train.py }
data: { shards: [{ region: onprem/lab, uri: "s3://bucket/train", samples: 30 }] }
resources:
  gpu_share: ${share}
`

test('a share is in thousandths and bytes on the wire; what is left out is for the control plane to choose', () => {
  const shareOf = (text: string): unknown => decodeJobFile(jobWith(text), 'job.yaml').spec.resources?.gpuShare
  expect(shareOf('{ request: 0.29, limit: 0.9, memory_gib: 1.5 }')).toEqual({
    requestMilli: 290,
    limitMilli: 900,
    memoryBytes: 1_610_612_736,
  })
  expect(shareOf('{ sm: 0.24, request: 0.4, limit: 1 }')).toEqual({ requestMilli: 400, limitMilli: 1000, smMilli: 240 })
  expect(shareOf('{ request: 1 }')).toEqual({ requestMilli: 1000 })
})

test('auto leaves the share to the profile: nothing of it is in the spec yet', () => {
  const file = (text: string) => decodeJobFile(jobWith(text), 'job.yaml')
  for (const text of ['auto', '{ request: auto }']) {
    expect(file(text).profiledShare).toEqual({ memoryBytes: 0 })
    expect(file(text).spec.resources).not.toHaveProperty('gpuShare')
  }
  expect(file('{ request: auto, memory_gib: 1.5 }').profiledShare).toEqual({ memoryBytes: 1_610_612_736 })
  expect(file('{ request: 0.5 }').profiledShare).toBeNull()
  expect(decodeJobFile(jobWith('auto').replace(/resources:[^]*/, ''), 'job.yaml').profiledShare).toBeNull()
})

test.each(['half', '0.5', '[auto]', 'null'])('%s is no share', (text) => {
  expect(violationsOf(jobWith(text))).toMatchObject([{ field: 'resources.gpu_share' }])
})

test.each([
  ['{ request: 0 }', 'request', /^0 \(line 5\): must be from 0.001 to 1, a part of one GPU/],
  ['{ request: 1.5 }', 'request', /^1.5 .*from 0.001 to 1/],
  ['{ request: 50% }', 'request', /^"50%" .*must be a number/],
  ['{ request: 0.3333 }', 'request', /three decimals at most/],
  ['{ request: 0.5, limit: 0.4 }', 'limit', /^0.4 \(line 5\): must be at least request/],
  ['{ request: 0.5, sm: 0 }', 'sm', /^0 \(line 5\): must be from 0.001 to 1, a part of one GPU/],
  ['{ request: 0.5, sm: 24 }', 'sm', /^24 .*from 0.001 to 1/],
  ['{ request: auto, sm: 0.5 }', 'sm', /^0.5 \(line 5\): a profile is of all multiprocessors/],
  ['{ request: 0.5, memory_gib: 0 }', 'memory_gib', /above 0/],
  ['{ request: 0.5, memory_gb: 8 }', 'memory_gb', /unknown key \(line 5\); did you mean "memory_gib"/],
  ['{ limit: 0.5 }', 'request', /is missing; must be a number/],
  ['{ request: auto, limit: 0.5 }', 'limit', /^0.5 \(line 5\): comes from the profile as request does/],
  ['{ request: auto, memory_gib: -1 }', 'memory_gib', /above 0/],
  ['{ request: auto, memory_gb: 8 }', 'memory_gb', /unknown key \(line 5\); did you mean "memory_gib"/],
  ['{ request: automatic }', 'request', /^"automatic" .*must be a number/],
])('%s is refused', (text, key, description) => {
  const wanted = { field: `resources.gpu_share.${key}`, description: expect.stringMatching(description) }
  expect(violationsOf(jobWith(text))).toEqual([wanted])
})

function violationsOf(text: string): unknown {
  try {
    decodeJobFile(text, 'job.yaml')
    return []
  } catch (error) {
    if (!(error instanceof CloudlessError)) throw error
    return error.violations
  }
}
