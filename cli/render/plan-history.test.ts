import pc from 'picocolors'
import { expect, test } from 'vitest'
import type { Plan } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { renderPlanHistory } from './plan-history.ts'

const style = pc.createColors(false)
const cpus = (units: number) => [{ deviceModel: 'cpu', units, market: 'on-demand' }]

function onTheWire(plan: Plan): Plan__Output {
  const { serialize, deserialize } = messageDefinition<Plan, Plan__Output>('cloudless.v1.Plan')
  return deserialize(serialize(plan))
}

test('plans stand one per line with what they took, and below why each replaced the one before', () => {
  const a = { region: 'a', place: 'a', allocations: cpus(6) }
  const b = { region: 'b', place: 'b', allocations: cpus(3) }
  const first = onTheWire({ version: 1, partitions: [a, b], forecast: { seconds: 6_000, totalUsd: 15 } })
  const second = onTheWire({
    version: 2,
    plannedAtMs: 120_000,
    cause: 'b trains 150 samples/s, 300 were planned',
    partitions: [a, { ...b, place: 'c', allocations: cpus(4) }],
    exchange: { interval: 16, codec: 'int8', fragments: 1 },
    forecast: { seconds: 3_000, totalUsd: 8 },
  })
  const lines = renderPlanHistory([first, second], style).split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^ +1 .* a 6 × cpu; b 3 × cpu .* 1 h 40 min .*15\.00/)
  expect(lines[2]).toMatch(/^ +2 .* a 6 × cpu; c \(for b\) 4 × cpu .* every 16 steps, int8 .* 50 min .*8\.00/)
  expect(lines[3]).toBe('plan 2: b trains 150 samples/s, 300 were planned')
  expect(renderPlanHistory([], style)).toBe('no plan has been in force yet')
})
