import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import { aDevice, anInferenceUse, aRegion, aUse } from './devices.fixture.ts'
import { renderDevices, type DevicesNow } from './devices.ts'

const style = pc.createColors(false)
const shown = (now: DevicesNow): string => renderDevices(now, style, 10_000)
const lab = aRegion('onprem/lab')
const onLab = (...uses: Parameters<typeof aDevice>[1]): string =>
  shown({ regions: [lab], devices: [aDevice('onprem/lab', uses)] })
/** The columns of an instance's line. */
const columnsOf = (use: Parameters<typeof aUse>[0]): readonly string[] =>
  onLab(aUse(use)).split('\n').at(-1)!.trim().split(/ {2,}/)

test('a shared GPU says what is handed out, used and allowed, by instance', () => {
  expect(
    onLab(anInferenceUse, aUse())
      .split('\n')
      .map((line) => line.trim().replaceAll(/ {2,}/g, ' | ')),
  ).toEqual([
    'onprem/lab | 1 GPU, 1 shared by 2 instances | told 1.0 s ago',
    'GPU-1 | nvidia-t4, 15.0 GiB | shared under MPS; requests 0.80 of 1, limits 1.50 of 1.5; used 0.73, memory 7.5 GiB',
    'INSTANCE | SHARE | QUOTA | USED | LATENCY | STATE | MEMORY | BUBBLES | HELD BACK | WHY',
    'f-9/onprem/lab/0 | 0.30–0.60 | 0.60 | 0.12 | p99 ≤ 20 ms: 14 ms, 29 % left | - | 1.0 of 2.0 GiB | - | - | its limit: the others are idle',
    'j-4k2/onprem/lab/worker-0 | 0.50–0.90 | 0.65 | 0.61 | - | CONTENTION | 6.5 GiB | - | 1,240 × 3 ms | cycles of f-9 last 1.3 of what they can: quota held',
  ])
})

test.each<[Parameters<typeof aUse>[0], string]>([
  [{ latencyMs: 30, sloMs: 20, sloPercentile: 95 }, 'p95 ≤ 20 ms: 30 ms, 50 % over'],
  [{ latencyMs: 0, sloMs: 20, sloPercentile: 99.9 }, 'p99.9 ≤ 20 ms: no requests'],
  [{ latencyMs: 1234.5, sloMs: 2000, sloPercentile: 99 }, 'p99 ≤ 2000 ms: 1235 ms, 38 % left'],
  [{ latencyMs: 7.3, sloMs: 0 }, '7.3 ms'],
  [{ bubbleSeconds: 12, filledSeconds: 10.2 }, '85 % of 12 s'],
  [{ waits: 10, waitedSeconds: 0.0004 }, '10 × 40 µs'],
  [{ share: null }, 'whole'],
  [{ share: { requestMilli: 400, limitMilli: 600, memoryBytes: 0, smMilli: 235 } }, '0.40–0.60 on 23.5 %'],
])('%j reads %s', (use, text) => {
  expect(columnsOf(use)).toContain(text)
})

test('weights that instances use together are told beside their own memory', () => {
  const gpu = aDevice('onprem/lab', [aUse()], { besideBytes: 3 * 2 ** 30 })
  expect(shown({ regions: [lab], devices: [gpu] })).toContain('memory 6.5 GiB and 3.0 of shared weights\n')
})

describe('where there is nothing to show it says why', () => {
  test('no agent, no GPU', () => {
    expect(shown({ regions: [aRegion('a', { agentState: 'AGENT_STATE_ABSENT' })], devices: [] })).toMatch(
      /^no region has an/,
    )
    const cpu = aDevice('onprem/lab', [], { id: 'cpu-0', model: 'cpu' })
    expect(shown({ regions: [lab], devices: [cpu] })).toBe('no GPUs: onprem/lab has CPUs only')
    const many = Array.from({ length: 7 }, (_, i) => aRegion(`aws/r${i}`))
    expect(shown({ regions: many, devices: [] })).toBe(
      'no GPUs: aws/r0, aws/r1, aws/r2, aws/r3, aws/r4 and 2 more have CPUs only',
    )
  })

  test('a GPU that is not shared, or that nobody has a share of', () => {
    const whole = aDevice('onprem/lab', [], { sharing: 'DEVICE_SHARING_UNSPECIFIED' })
    expect(shown({ regions: [lab], devices: [whole] })).toContain(
      'handed out whole: its agent (version 0.1.0) does not share it',
    )
    expect(onLab()).toContain('shared under MPS, nothing runs on a share of it')
  })

  test('a lost agent', () => {
    const lost = aRegion('onprem/lab', { agentState: 'AGENT_STATE_LOST' })
    const text = shown({ regions: [lost], devices: [aDevice('onprem/lab', [])] })
    expect(text).toContain('agent lost, told 1.0 s ago: what runs there is not known')
    expect(text).not.toContain('nothing runs')
  })
})
