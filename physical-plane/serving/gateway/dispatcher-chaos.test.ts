// Whatever becomes of a function's instances and clients: each request ends once, and no instance holds more than it may.
import { array, assert as check, asyncProperty, boolean, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { gatewayConfig as config } from './config.ts'
import { Dispatcher } from './dispatcher.ts'
import { aFunction } from './gateway.fixture.ts'
import { inFlightBounds } from './in-flight-limit.ts'
import type { InferBody } from './infer.ts'
import type { InstanceClient, SendListener } from './instance-client.ts'
import type { RoutedInstance } from './routes.ts'

const body: InferBody = { protocol: 'http', bytes: Buffer.from('x'), jsonBytes: null }
const ok = { httpStatus: 200, grpcStatus: 0, text: '', retryAfter: '', outputTokens: null, metadata: null }
const answer = { ...ok, bytes: body.bytes, jsonBytes: null }
const names = ['a', 'b', 'c']

/** Answers each request by itself, takes none while it is down, and answers none while it hangs. */
class Instance implements InstanceClient {
  readonly #clock: VirtualClock
  readonly #held = new Set<SendListener>()
  heldMost = 0
  state: 'up' | 'slow' | 'down' | 'hangs' = 'up'

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  send(_name: string, _body: InferBody, _leftMs: number, listener: SendListener): () => void {
    if (this.state === 'down') this.#clock.after(1, () => listener.onFailure({ kind: 'unsent', because: 'refused' }))
    else {
      this.#held.add(listener)
      this.heldMost = Math.max(this.heldMost, this.#held.size)
      if (this.state !== 'hangs') this.#clock.after(this.state === 'slow' ? 150 : 15, () => this.#answer(listener))
    }
    return () => void this.#held.delete(listener)
  }

  close(): void {}

  get held(): number {
    return this.#held.size
  }

  become(state: Instance['state']): void {
    this.state = state
    if (state !== 'down') return
    const lost = [...this.#held]
    this.#held.clear()
    for (const each of lost) each.onFailure({ kind: 'died', because: 'reset' })
  }

  #answer(listener: SendListener): void {
    if (this.#held.delete(listener)) listener.onAnswer(answer)
  }
}

const step = record({
  who: constantFrom(...names),
  becomes: constantFrom<Instance['state'] | 'leaves' | 'comes'>('up', 'slow', 'down', 'hangs', 'leaves', 'comes'),
  requests: integer({ min: 0, max: 40 }),
  oneLeaves: boolean(),
  forMs: integer({ min: 1, max: 400 }),
})

test('each request is answered once or told why not, unless its client left, and no instance has more at once than it may', async () => {
  await check(
    asyncProperty(array(step, { maxLength: 15 }), boolean(), async (steps, atMostOnce) => {
      const clock = new VirtualClock()
      const machines = new Map(names.map((name) => [name, new Instance(clock)]))
      const there = new Set(names)
      const routed = (): readonly RoutedInstance[] =>
        [...there].map((name) => ({ id: name, attempt: 1, http: `${name}:1`, grpc: '' }))
      const route = aFunction({ batchMax: 4, timeoutMs: 2_000, atMostOnce, instances: routed() })
      const open = (_: string, address: string): InstanceClient => machines.get(address.split(':')[0]!)!
      const dispatcher = new Dispatcher(route, { clock, config, open, onCold: () => {} })
      const ended: number[] = []
      const left = new Set<number>()
      const ask = (): (() => void) => {
        const request = ended.push(0) - 1
        const end = (): void => void (ended[request]! += 1)
        const cancel = dispatcher.ask(body, clock.monotonicMs() + 2_000, null, { onAnswer: end, onFault: end })
        return () => {
          if (ended[request] === 0) left.add(request)
          cancel()
        }
      }
      const sweep = (): void => {
        dispatcher.sweep(clock.monotonicMs())
        clock.after(config.sweepMs, sweep)
      }
      sweep()
      for (const { who, becomes, requests, oneLeaves, forMs } of steps) {
        if (becomes === 'leaves') there.delete(who)
        else if (becomes === 'comes') there.add(who)
        else machines.get(who)!.become(becomes)
        dispatcher.update({ ...route, instances: routed() })
        const cancels = Array.from({ length: requests }, ask)
        await clock.advance(forMs)
        if (oneLeaves) cancels[0]?.()
      }
      await clock.advance(5_000)
      expect(ended.map((times, request) => times + (left.has(request) ? 1 : 0)).every((times) => times === 1)).toBe(
        true,
      )
      expect([dispatcher.isIdle, dispatcher.inFlight, dispatcher.queued]).toEqual([true, 0, 0])
      // Nothing is counted or held for who is gone.
      expect(dispatcher.slots.map(({ inFlight }) => inFlight)).toEqual(dispatcher.slots.map(() => 0))
      expect([...machines.values()].map(({ held }) => held)).toEqual([0, 0, 0])
      const { max } = inFlightBounds(route.batchMax, config)
      for (const { heldMost } of machines.values()) expect(heldMost).toBeLessThanOrEqual(max)
    }),
    { numRuns: 60 },
  )
})

test('one that leaves and is back before it has answered gets no more than it had room for', async () => {
  const clock = new VirtualClock()
  const machine = new Instance(clock)
  const instances = [{ id: 'a', attempt: 1, http: 'a:1', grpc: '' }]
  const route = aFunction({ batchMax: 4, instances })
  const dispatcher = new Dispatcher(route, { clock, config, open: () => machine, onCold: () => {} })
  let answered = 0
  const ask = () =>
    dispatcher.ask(body, 10_000, null, {
      onAnswer: () => void (answered += 1),
      onFault: ({ kind }) => expect(kind).toBe(''),
    })
  const { max } = inFlightBounds(route.batchMax, config)
  for (let request = 0; request < max; request += 1) ask()
  dispatcher.update({ ...route, instances: [] })
  dispatcher.update(route)
  for (let request = 0; request < 3; request += 1) ask()
  expect([machine.held, dispatcher.queued, dispatcher.leaving.length]).toEqual([max, 3, 0])
  await clock.advance(1_000)
  expect([answered, machine.heldMost]).toEqual([max + 3, max])
})

test('an instance may have at least a few requests at once and never more than is set, whatever its batch', () => {
  check(
    property(integer({ min: 1, max: 10_000 }), (batchMax) => {
      const { min, max } = inFlightBounds(batchMax, config)
      expect(min).toBeLessThanOrEqual(max)
      expect(max).toBeLessThanOrEqual(config.inFlightMax)
    }),
  )
})
