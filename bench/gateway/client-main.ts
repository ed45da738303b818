// A client process: asks one address for some seconds, either as soon as it is answered (closed) or at times drawn before (open, Poisson),
// where latency counts from when a request should have been sent. Prints one line of JSON.
import { parseArgs } from 'node:util'
import { systemClock, type Clock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { grpcAsk, inferMessage } from './grpc-client.ts'
import { httpAsk, type Ask } from './http-client.ts'

export type ClientResult = {
  readonly answered: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly refused: number
  readonly failed: number
  /** Of those answered, within `--slo-ms`. */
  readonly inSlo: number
}

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'http' },
    address: { type: 'string', default: '' },
    model: { type: 'string', default: 'noop' },
    seconds: { type: 'string', default: '5' },
    /** Requests a second; 0: closed. */
    rate: { type: 'string', default: '0' },
    connections: { type: 'string', default: '32' },
    'slo-ms': { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})

const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: [1, 2, 3, 4] }] })
const connections = Number(values.connections)
const ask: Ask =
  values.protocol === 'http'
    ? httpAsk(values.address, `/v2/models/${values.model}/infer`, body, Number(values.rate) > 0 ? 4_000 : connections)
    : grpcAsk(values.address, inferMessage(values.model), 4)

const clock = systemClock()
const latencies: number[] = []
let refused = 0
let failed = 0
const count = (status: number, sinceMs: number): void => {
  if (status === 200) latencies.push(clock.monotonicMs() - sinceMs)
  else if (status === 429) refused += 1
  else failed += 1
}

const beganAtMs = clock.monotonicMs()
await (Number(values.rate) > 0 ? open(clock, Number(values.rate)) : closed(clock))
const seconds = (clock.monotonicMs() - beganAtMs) / 1_000
latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
const sloMs = Number(values['slo-ms'])
const result: ClientResult = {
  answered: latencies.length,
  seconds,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  refused,
  failed,
  inSlo: latencies.filter((ms) => ms <= sloMs).length,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit()

async function closed(time: Clock): Promise<void> {
  const endsAtMs = time.monotonicMs() + Number(values.seconds) * 1_000
  await Promise.all(
    Array.from(
      { length: connections },
      () =>
        new Promise<void>((resolve) => {
          const next = (): void => {
            const sinceMs = time.monotonicMs()
            if (sinceMs >= endsAtMs) return resolve()
            ask((status) => {
              count(status, sinceMs)
              next()
            })
          }
          next()
        }),
    ),
  )
}

async function open(time: Clock, rate: number): Promise<void> {
  const random = seededRandom(Number(values.seed))
  const endsAtMs = time.monotonicMs() + Number(values.seconds) * 1_000
  let dueAtMs = time.monotonicMs()
  const asked = { waiting: 0 }
  while (dueAtMs < endsAtMs) {
    const nowMs = time.monotonicMs()
    if (dueAtMs > nowMs) {
      await time.sleep(Math.min(5, dueAtMs - nowMs))
      continue
    }
    const sinceMs = dueAtMs
    asked.waiting += 1
    ask((status) => {
      asked.waiting -= 1
      count(status, sinceMs)
    })
    dueAtMs += (-Math.log(1 - random.next()) * 1_000) / rate
  }
  const patienceMs = time.monotonicMs() + 10_000
  while (asked.waiting > 0 && time.monotonicMs() < patienceMs) await time.sleep(5)
}
