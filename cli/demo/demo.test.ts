import { describe, expect, test } from 'vitest'
import pc from 'picocolors'
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { PreparedData } from './data.ts'
import { demoJob } from './demo-job.ts'
import { demoResult, renderResult } from './result.ts'

const regions = ['onprem/lab', 'aws/us-east-1', 'tencent/ap-shanghai']

function data(dataset: string): PreparedData {
  const shards = [30, 20, 10].map((samples, index) => ({ path: `/data/shard ${index}.npz`, samples }))
  return { dataset, shards, holdout: { path: '/data/holdout.npz', samples: 6 } }
}

describe("the demo's job", () => {
  test('is the example with the prepared shards', () => {
    const { spec, functionFolder } = demoJob({ regions, strategy: null, epochs: null, data: data('fashion-mnist') })
    expect(functionFolder.endsWith('examples/fashion-mnist')).toBe(true)
    expect(spec.shards).toEqual([
      { region: 'onprem/lab', uri: 'file:///data/shard%200.npz', samples: 30 },
      { region: 'aws/us-east-1', uri: 'file:///data/shard%201.npz', samples: 20 },
      { region: 'tencent/ap-shanghai', uri: 'file:///data/shard%202.npz', samples: 10 },
    ])
    expect(spec.holdout).toEqual({ region: 'onprem/lab', uri: 'file:///data/holdout.npz', samples: 6 })
    expect(spec).toMatchObject({ sync: { strategy: 'asgd-ga' }, training: { target: { metric: 'accuracy' } } })
  })

  test('trains longer on the digits, which are fewer, with rounds of their size', () => {
    const { spec } = demoJob({ regions, strategy: null, epochs: null, data: data('digits') })
    expect(spec.training).toMatchObject({ epochs: 50, target: null })
    expect(spec.sync).toMatchObject({ strategy: 'asgd-ga', interval: 4, mode: 'mean' })
  })

  test('takes another strategy with its own defaults, and exactly the epochs asked for', () => {
    const { spec } = demoJob({ regions, strategy: 'model-averaging', epochs: 2, data: data('fashion-mnist') })
    expect(spec.sync).toEqual({ strategy: 'model-averaging' })
    expect(spec.training).toMatchObject({ epochs: 2, target: null })
  })
})

describe("the demo's end", () => {
  const job = {
    createdAtMs: 1000,
    endedAtMs: 61_000,
    spec: { sync: { strategy: 'asgd-ga' } },
    plan: { partitions: [{ region: 'a/a' }, { region: 'b/b' }] },
    progress: { evaluation: { accuracy: 0.8712 } },
  } as unknown as Job__Output
  const report = {
    totalUsd: 0.02,
    useEverythingUsd: 0.025,
    links: [{ bytes: 5e6 }, { bytes: 7e6 }],
  } as unknown as CostReport__Output

  test('has the promised keys in their order', () => {
    expect(JSON.stringify(demoResult(job, report, 'digits'))).toBe(
      '{"accuracy":0.8712,"seconds":60,"wan_bytes":12000000,"cost_usd":0.02,"cost_usd_use_everything":0.025,' +
        '"regions":["a/a","b/b"],"strategy":"asgd-ga","dataset":"digits"}',
    )
  })

  test('reads well', () => {
    const text = renderResult(demoResult(job, report, 'digits'), pc.createColors(false))
    for (const part of ['2 regions', '87.1 %', '1 min 0 s', '12.0 MB', '$0.0200', '$0.0250', '20 %']) {
      expect(text).toContain(part)
    }
  })

  test('without an accuracy is a bug, not a zero', () => {
    const unevaluated = { ...job, progress: { evaluation: {} } } as unknown as Job__Output
    expect(() => demoResult(unevaluated, report, 'digits')).toThrow('accuracy')
  })
})
