// Functions without instances: how soon one is wished for once somebody waits at the gateway.
import { expect, test } from 'vitest'
import type { GatewayStatus } from '#physical-plane/serving/gateway/status.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { anInferenceSpec } from './agent.fixture.ts'
import { agentConfig } from './config.ts'
import { decodeDesired } from './desired.ts'
import type { GatewayLink } from './gateway-desk.ts'
import { ServingDesk } from './serving-desk.ts'

const spec = anInferenceSpec({ instancesMin: 0, batchMax: 1 })

function aDesk() {
  const clock = new VirtualClock()
  const nothing = { arrived: 0, answered: 0, refused: 0, overSlo: 0, failed: 0, retried: 0, cancelled: 0 }
  const seconds = {
    atMs: [],
    arrived: [],
    answered: [],
    refused: [],
    overSlo: [],
    queued: [],
    inFlight: [],
    latencyMs: [],
  }
  let reads = 0
  let queued = 0
  const read = (): GatewayStatus => {
    reads += 1
    const latency = { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 }
    const totals = { ...nothing, arrived: queued }
    const burn = { fiveMinutes: 0, oneHour: 0 }
    const own = { id: 'f-1', name: 'classify', queued, inFlight: 0, totals, latency, burn, seconds, instances: [] }
    const process = {
      pid: 1,
      beat: reads,
      atMs: clock.now(),
      revision: 1,
      http: '127.0.0.1:80',
      grpc: '',
      heldBytes: 0,
    }
    return { ...process, functions: [own], pipelines: [] }
  }
  const gateway: GatewayLink = {
    start: () => Promise.resolve(),
    route: () => Promise.resolve(1),
    read: () => Promise.resolve(read()),
    stop: () => Promise.resolve(),
  }
  const functions = [{ id: 'f-1', spec }]
  const wire = { revision: 1, instances: [], addressBooks: [], keptJobIds: [], functions, pipelines: [] }
  const desired = decodeDesired(wire, 'onprem/lab')
  let changes = 0
  const desk = new ServingDesk({
    clock,
    config: agentConfig,
    meters: { serves: () => {} },
    shares: { heard: () => {}, uses: () => [] },
    lives: () => [],
    desired: () => desired,
    isConnected: () => true,
    readServing: () => Promise.resolve(null),
    gateway,
    onChange: () => void (changes += 1),
  })
  desk.start()
  const ask = (count: number): void => void (queued = count)
  return { clock, desk, ask, reads: () => reads, changes: () => changes }
}

test('whoever waits for a first instance is seen within a look, not at the end of the second, and looked for sooner then', async () => {
  const { clock, desk, ask, reads, changes } = aDesk()
  await clock.advance(10 * agentConfig.scaleEveryMs + 10)
  expect(desk.observed('onprem/lab').wishes).toEqual({})
  const before = { changes: changes(), reads: reads() }
  ask(40)
  await clock.advance(agentConfig.servingPollMs)
  expect(desk.observed('onprem/lab').wishes?.['f-1']?.instances).toHaveLength(1)
  expect(changes()).toBe(before.changes + 1)
  const seen = reads()
  await clock.advance(1_000)
  expect(reads() - seen).toBeGreaterThan(1_000 / agentConfig.servingPollMs + 1)
  // One is wished for however many wait, and however often it is looked.
  expect(desk.observed('onprem/lab').wishes?.['f-1']?.instances).toHaveLength(1)
  desk.stop()
})
