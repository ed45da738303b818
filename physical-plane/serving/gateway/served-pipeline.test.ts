// Requests of one pipeline on the virtual clock, whatever becomes of their stages and clients.
import { array, assert as check, asyncProperty, boolean, constantFrom, nat, record } from 'fast-check'
import { expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { gatewayConfig as config } from './config.ts'
import { GatewayFault } from './fault.ts'
import { HeldBytes } from './held-bytes.ts'
import type { InferBody, RoutedPipeline, RunPipeline } from './infer.ts'
import { ServedPipeline } from './served-pipeline.ts'

const body: InferBody = { protocol: 'http', bytes: Buffer.from('x'), jsonBytes: null }
const route: RoutedPipeline = {
  id: 'p-1',
  name: 'look',
  stages: [{ name: 'crop', function: 'resize', after: [], inputs: {} }],
  slo: { latencyMs: 100, percentile: 99 },
  timeoutMs: 1_000,
}

const ends = ['answer', 'overloaded', 'malformed', 'instance-died', 'nonsense', 'never'] as const
type Script = {
  readonly end: (typeof ends)[number]
  readonly tookMs: number
  readonly bytes: number
  readonly releases: boolean
  /** Null: the client stays. */
  readonly leavesMs: number | null
}

/** Runs as the next script says, and holds memory as stages do. */
function scripted(clock: VirtualClock, scripts: readonly Script[]): RunPipeline {
  let next = 0
  return async (_pipeline, request, { signal, hold, release, onStage }) => {
    const { end, tookMs, bytes, releases } = scripts[next++]!
    const one = { pipeline: 'look', stage: 'crop', function: 'resize', tookMs, because: '' }
    if (!hold(bytes)) throw new GatewayFault('overloaded', 'no memory')
    await clock.sleep(end === 'never' ? 60_000 : tookMs, signal)
    if (releases) release(bytes)
    onStage({ ...one, instanceId: end === 'answer' ? 'a' : '' })
    if (end === 'nonsense') throw new Error('nobody foresaw this')
    if (end !== 'answer' && end !== 'never') throw new GatewayFault(end, end)
    return request
  }
}

const script = record({
  end: constantFrom(...ends),
  tookMs: nat(1_500),
  bytes: nat(300),
  releases: boolean(),
  leavesMs: constantFrom(null, null, 0, 50, 900),
})

test('each request ends once, is counted once, and leaves no memory behind', async () => {
  await check(
    asyncProperty(array(script, { minLength: 1, maxLength: 12 }), async (scripts) => {
      const clock = new VirtualClock()
      const held = new HeldBytes(2_000)
      const caller = { infer: () => Promise.reject(new Error('not asked')), view: () => null }
      const runPipeline = scripted(clock, scripts)
      const served = new ServedPipeline(route, { clock, log: silentLog, config, held, caller, runPipeline })
      const told = scripts.map(() => 0)
      for (const [at, { leavesMs }] of scripts.entries()) {
        const tell = (): void => void (told[at]! += 1)
        const leave = served.ask(body, clock.monotonicMs() + 1_000, { onAnswer: tell, onFault: tell })
        if (leavesMs !== null) clock.after(leavesMs, leave)
        await clock.advance(30)
      }
      await clock.advance(70_000)
      expect(served.running).toBe(0)
      expect(held.total).toBe(0)
      const { arrived, answered, refused, cancelled } = served.measured.totals
      expect(arrived).toBe(scripts.length)
      expect(answered + refused + cancelled).toBe(arrived)
      expect(told.reduce((sum, times) => sum + times, 0)).toBe(answered + refused)
      expect(told.every((times) => times <= 1)).toBe(true)
      expect(told.every((times, at) => times === 1 || scripts[at]!.leavesMs !== null)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('what stages took is counted by stage, and a stage that the pipeline no longer has is forgotten', async () => {
  const clock = new VirtualClock()
  const scripts = [20, 40, 60].map((tookMs) => {
    return {
      end: tookMs === 60 ? 'instance-died' : 'answer',
      tookMs,
      bytes: 0,
      releases: true,
      leavesMs: null,
    } as const
  })
  const caller = { infer: () => Promise.reject(new Error('not asked')), view: () => null }
  const runPipeline = scripted(clock, scripts)
  const held = new HeldBytes(2_000)
  const served = new ServedPipeline(route, { clock, log: silentLog, config, held, caller, runPipeline })
  while (served.measured.totals.arrived < scripts.length) {
    served.ask(body, clock.monotonicMs() + 1_000, { onAnswer: () => {}, onFault: () => {} })
    await clock.advance(100)
  }
  const [crop] = served.stages.of(route.stages)
  expect(crop).toMatchObject({ stage: 'crop', function: 'resize', answered: 2, failed: 1 })
  expect(crop!.latency.maxMs).toBe(40)
  served.update({ ...route, stages: [{ ...route.stages[0]!, name: 'cut' }] })
  served.tick(1_000)
  expect(served.stages.of(served.route.stages)).toMatchObject([{ stage: 'cut', answered: 0, failed: 0 }])
  served.update(route)
  expect(served.stages.of(route.stages)).toMatchObject([{ stage: 'crop', answered: 0 }])
})
