// One function's requests on the virtual clock, with instances that take batches as real ones do.
import { expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { gatewayConfig as config } from './config.ts'
import { Dispatcher } from './dispatcher.ts'
import { aFunction } from './gateway.fixture.ts'
import type { InferBody } from './infer.ts'
import type { InstanceClient, SendListener } from './instance-client.ts'
import type { RoutedInstance } from './routes.ts'

const body: InferBody = { protocol: 'http', bytes: Buffer.from('x'), jsonBytes: null }
const ok = { httpStatus: 200, grpcStatus: 0, text: '', retryAfter: '', outputTokens: null, metadata: null }
const answer = { ...ok, bytes: body.bytes, jsonBytes: null }

/** Up to `batchMax` at a time, each batch as long as `batchMs` says. */
class BatchInstance implements InstanceClient {
  readonly #clock: VirtualClock
  readonly #batchMax: number
  readonly #batchMs: () => number
  #waiting: SendListener[] = []
  #batch: readonly SendListener[] = []
  #isBusy = false
  isDead = false
  hangs = false

  constructor(clock: VirtualClock, batchMax: number, batchMs: () => number) {
    this.#clock = clock
    this.#batchMax = batchMax
    this.#batchMs = batchMs
  }

  send(_name: string, _body: InferBody, leftMs: number, listener: SendListener): () => void {
    // As instances do: a moment before the gateway's own time is up.
    if (this.hangs) this.#clock.after(leftMs - 1, () => listener.onAnswer({ ...answer, httpStatus: 504 }))
    if (this.isDead) this.#clock.after(0, () => listener.onFailure({ kind: 'unsent', because: 'refused' }))
    else this.#waiting.push(listener)
    if (!this.#isBusy) this.#begin()
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== listener)
      this.#batch = this.#batch.filter((other) => other !== listener)
    }
  }

  close(): void {}

  die(): void {
    this.isDead = true
    const lost = [...this.#batch, ...this.#waiting]
    this.#batch = []
    this.#waiting = []
    for (const each of lost) each.onFailure({ kind: 'died', because: 'reset' })
  }

  #begin(): void {
    this.#batch = this.#waiting.splice(0, this.#batchMax)
    this.#isBusy = this.#batch.length > 0 && !this.isDead
    if (!this.#isBusy || this.hangs) return
    this.#clock.after(this.#batchMs(), () => {
      if (this.isDead) return
      const done = this.#batch
      this.#batch = []
      for (const each of done) each.onAnswer(answer)
      this.#begin()
    })
  }
}

type Told = { readonly answeredMs: number[]; readonly faults: string[]; asked: number }

const twoHundredMs = { latencyMs: 200, percentile: 99 }

function aRig(names: readonly string[], batchMs: () => number, slo = twoHundredMs, timeoutMs = 30_000) {
  const clock = new VirtualClock()
  const machines = new Map(names.map((name) => [name, new BatchInstance(clock, 8, batchMs)]))
  const routed = (of: readonly string[]): readonly RoutedInstance[] =>
    of.map((name) => ({ id: name, attempt: 1, http: `${name}:1`, grpc: '' }))
  const route = aFunction({ slo, batchMax: 8, timeoutMs, instances: routed(names) })
  const open = (_protocol: string, address: string): InstanceClient => machines.get(address.split(':')[0]!)!
  const dispatcher = new Dispatcher(route, { clock, config, open, onCold: () => {} })
  const told: Told = { answeredMs: [], faults: [], asked: 0 }
  const sweep = (): void => {
    dispatcher.sweep(clock.monotonicMs())
    clock.after(config.sweepMs, sweep)
  }
  sweep()
  const ask = (): void => {
    told.asked += 1
    const sinceMs = clock.monotonicMs()
    dispatcher.ask(body, sinceMs + route.timeoutMs, null, {
      onAnswer: ({ httpStatus }) => {
        if (httpStatus === 200) told.answeredMs.push(clock.monotonicMs() - sinceMs)
        else told.faults.push(`answered ${httpStatus}`)
      },
      onFault: (fault) => told.faults.push(fault.kind),
    })
  }
  return { clock, machines, dispatcher, told, ask, route, routed }
}

async function load(rig: ReturnType<typeof aRig>, perSecond: number, seconds: number): Promise<void> {
  const random = seededRandom(7)
  const endsAtMs = rig.clock.monotonicMs() + seconds * 1_000
  while (rig.clock.monotonicMs() < endsAtMs) {
    rig.ask()
    await rig.clock.advance((-Math.log(1 - random.next()) * 1_000) / perSecond)
  }
}

const settled = ({ told }: ReturnType<typeof aRig>): number => told.answeredMs.length + told.faults.length

test('at twice what it can answer nearly all that is answered is in time, and no capacity is lost', async () => {
  const random = seededRandom(3)
  // Batches take 15 to 30 ms: some 350 requests a second.
  const rig = aRig(['a'], () => 15 + 15 * random.next())
  await load(rig, 700, 30)
  await rig.clock.advance(2_000)
  expect(settled(rig)).toBe(rig.told.asked)
  const inTime = rig.told.answeredMs.filter((ms) => ms <= 200).length
  expect(inTime / rig.told.answeredMs.length).toBeGreaterThan(0.995)
  expect(rig.told.answeredMs.length / 30).toBeGreaterThan(335)
  expect(rig.dispatcher.isIdle).toBe(true)
  const { arrived, answered, refused } = rig.dispatcher.measured.totals
  expect({ arrived, ended: answered + refused }).toEqual({ arrived: rig.told.asked, ended: rig.told.asked })
})

test('when everything becomes three times slower at once, those in line that would be late are given up', async () => {
  let factor = 1
  const rig = aRig(['a'], () => 20 * factor)
  await load(rig, 700, 5)
  factor = 3
  await load(rig, 700, 10)
  await rig.clock.advance(2_000)
  expect(settled(rig)).toBe(rig.told.asked)
  const inTime = rig.told.answeredMs.filter((ms) => ms <= 200).length
  expect(inTime / rig.told.answeredMs.length).toBeGreaterThan(0.98)
})

test('below what it can answer nothing is refused', async () => {
  const rig = aRig(['a', 'b'], () => 20)
  await load(rig, 500, 20)
  await rig.clock.advance(1_000)
  expect(rig.told.faults).toEqual([])
})

test('an instance that dies under load loses no request that was taken', async () => {
  const rig = aRig(['a', 'b'], () => 20)
  await load(rig, 700, 3)
  expect(rig.told.faults).toEqual([])
  rig.machines.get('a')!.die()
  const before = rig.told.asked
  const { inFlight, queued } = rig.dispatcher
  await rig.clock.advance(3_000)
  // All that were with it or in line are answered by the other one.
  expect(settled(rig)).toBe(before)
  expect(rig.told.faults).toEqual([])
  expect(inFlight + queued).toBeGreaterThan(0)
})

test('an instance that hangs costs what it had, and no request is bet on it again while another one has room', async () => {
  const rig = aRig(['a', 'b'], () => 20, twoHundredMs, 2_000)
  await load(rig, 60, 3)
  rig.machines.get('a')!.hangs = true
  await load(rig, 60, 14)
  await rig.clock.advance(2_100)
  expect(settled(rig)).toBe(rig.told.asked)
  // Until it is seen to answer nothing it gets what the least busy one does.
  expect(rig.told.faults.length).toBeGreaterThan(0)
  expect(rig.told.faults.length).toBeLessThanOrEqual(6)
  expect(new Set(rig.told.faults)).toEqual(new Set(['answered 504']))
})

test('a request that one instance did not take now goes there again where no other speaks its protocol', async () => {
  const clock = new VirtualClock()
  let times = 0
  const once: InstanceClient = {
    send: (_name, _body, _leftMs, listener) => {
      times += 1
      const isFirst = times === 1
      clock.after(1, () =>
        isFirst ? listener.onFailure({ kind: 'not-taken', because: 'it loads' }) : listener.onAnswer(answer),
      )
      return () => {}
    },
    close: () => {},
  }
  const both = { id: 'a', attempt: 1, http: 'a:1', grpc: 'a:2' }
  const other = { id: 'b', attempt: 1, http: 'b:1', grpc: '' }
  const route = aFunction({ instances: [both, other] })
  const dispatcher = new Dispatcher(route, { clock, config, open: () => once, onCold: () => {} })
  const told: string[] = []
  dispatcher.ask({ ...body, protocol: 'grpc' }, 20_000, null, {
    onAnswer: (_answer, instanceId) => told.push(instanceId),
    onFault: (fault) => told.push(fault.message),
  })
  for (let at = 0; at < 20; at += 1) {
    await clock.advance(config.sweepMs)
    dispatcher.sweep(clock.monotonicMs())
  }
  expect(told).toEqual(['a'])
})

test('an instance that is let go loses no request either', async () => {
  const rig = aRig(['a', 'b'], () => 20)
  await load(rig, 700, 2)
  rig.dispatcher.update({ ...rig.route, instances: rig.routed(['b']) })
  await rig.clock.advance(2_000)
  expect(rig.told.faults).toEqual([])
  expect(rig.dispatcher.leaving).toEqual([])
  expect(settled(rig)).toBe(rig.told.asked)
})
