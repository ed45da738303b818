// A client process: asks one address for some seconds, either as soon as it is answered (closed) or at times drawn before (open, Poisson),
// where latency counts from when a request should have been sent. With two addresses
// they are asked in turns. Prints one line of JSON, a result for each.
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

class Side {
  readonly #ask: Ask
  readonly #latencies: number[] = []
  #refused = 0
  #failed = 0
  waiting = 0

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** `sinceMs`: when it should have been sent. */
  send(time: Clock, sinceMs: number, done: () => void): void {
    this.waiting += 1
    this.#ask((status) => {
      this.waiting -= 1
      if (status === 200) this.#latencies.push(time.monotonicMs() - sinceMs)
      else if (status === 429) this.#refused += 1
      else this.#failed += 1
      done()
    })
  }

  result(elapsedSeconds: number, sloMs: number): ClientResult {
    const latencies = this.#latencies.toSorted((a, b) => a - b)
    const at = (share: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
    return {
      answered: latencies.length,
      seconds: elapsedSeconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      refused: this.#refused,
      failed: this.#failed,
      inSlo: latencies.filter((ms) => ms <= sloMs).length,
    }
  }
}

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'http' },
    address: { type: 'string', default: '' },
    other: { type: 'string', default: '' },
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
const clock = systemClock()
const beganAtMs = clock.monotonicMs()
// What disturbs one of two addresses disturbs the other one too, as requests go to them in turns.
const sides = [values.address, ...(values.other === '' ? [] : [values.other])].map(
  (address) => new Side(askerOf(address)),
)
await (Number(values.rate) > 0 ? open(clock, Number(values.rate)) : closed(clock))
const seconds = (clock.monotonicMs() - beganAtMs) / 1_000
process.stdout.write(`${JSON.stringify(sides.map((side) => side.result(seconds, Number(values['slo-ms']))))}\n`)
process.exit()

function askerOf(address: string): Ask {
  if (values.protocol === 'grpc') return grpcAsk(address, inferMessage(values.model), 4)
  return httpAsk(address, `/v2/models/${values.model}/infer`, body, Number(values.rate) > 0 ? 4_000 : connections)
}

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
            sides[0]!.send(time, sinceMs, next)
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
  let turn = 0
  while (dueAtMs < endsAtMs) {
    const nowMs = time.monotonicMs()
    if (dueAtMs > nowMs) {
      await time.sleep(Math.min(5, dueAtMs - nowMs))
      continue
    }
    sides[(turn += 1) % sides.length]!.send(time, dueAtMs, () => {})
    dueAtMs += (-Math.log(1 - random.next()) * 1_000) / rate
  }
  const patienceMs = time.monotonicMs() + 10_000
  while (sides.some(({ waiting }) => waiting > 0) && time.monotonicMs() < patienceMs) await time.sleep(5)
}
