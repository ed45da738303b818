// What a gateway costs and keeps: a real instance (Python) that does nothing, asked by the same client process once straight and once
// through a real gateway process, in turns, over HTTP and over gRPC; then a function that answers 400 a second is asked for twice that.
//   throughput_ratio[_PROTOCOL]  answers a second through the gateway against straight, with 32 requests at once: the
//                                median of five rounds, straight and through in turns; the lower one without _
//   added_p99_ms[_PROTOCOL]      what the gateway adds to the 99th percentile at 30 % of what it can, by a client that asks both in turns,
//                                so that what disturbs one disturbs the other; the higher one without _
//   rss_growth_mib               of the gateway, from the first minute to the last of the overload
//   accepted_in_slo              of the requests that were answered under overload, within the objective, by the client's clock
// Takes --seconds N (300) for the overload. The client is open-loop where latency counts (from when a request should have been sent).
import { parseArgs } from 'node:util'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import type { RoutedFunction } from '#physical-plane/serving/gateway/routes.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { Processes, residentMib, type Endpoints } from './gateway/processes.ts'

export const takesArguments = true

const roundSeconds = 3
const rounds = 5
const sloMs = 200
/** Batches of 8 in 20 ms. */
const capacityPerSecond = 400

export async function run({ clock, args, note }: BenchOptions): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: 'string', default: '300' } } })
  const seconds = Number(values.seconds)
  assert(seconds >= 5, '--seconds must be at least 5')
  await using processes = new Processes(clock, process.env['CLOUDLESS_PYTHON'] ?? 'python3')
  const noop = await processes.instance('noop', 'noop:Noop', 32, null)
  const slow = await processes.instance('slow', 'noop:Takes20Ms', 8, sloMs)
  const gateway = await processes.gateway([
    routed('noop', 32, null, noop),
    routed('slow', 8, { latencyMs: sloMs, percentile: 99 }, slow),
  ])
  const result: Record<string, number> = {}
  for (const protocol of ['http', 'grpc'] as const) {
    const straight = noop[protocol]
    if (straight === '') continue
    note(`${protocol}: ${rounds} rounds, straight and through the gateway in turns`)
    Object.assign(result, await compared(processes, protocol, straight, gateway[protocol]))
  }
  const ratios = ['throughput_ratio_http', 'throughput_ratio_grpc'].flatMap((key) => result[key] ?? [])
  const added = ['added_p99_ms_http', 'added_p99_ms_grpc'].flatMap((key) => result[key] ?? [])
  note(`twice what it can answer, for ${seconds} s`)
  const overload = await overloaded(processes, clock, gateway, seconds)
  return { throughput_ratio: Math.min(...ratios), added_p99_ms: Math.max(...added), ...overload, ...result }
}

function routed(name: string, batchMax: number, slo: RoutedFunction['slo'], { http, grpc }: Endpoints): RoutedFunction {
  const instances = [{ id: `${name}/0`, attempt: 1, http, grpc }]
  return { id: name, name, slo, timeoutMs: 10_000, queueMax: 0, atMostOnce: false, batchMax, instances }
}

async function compared(
  processes: Processes,
  protocol: string,
  straight: string,
  through: string,
): Promise<Record<string, number>> {
  const closed = async (address: string): Promise<number> => {
    const { answered, seconds, failed, refused } = await processes.client({ protocol, address, seconds: roundSeconds })
    assert(failed + refused === 0, `${failed + refused} requests to ${address} were not answered`)
    return answered / seconds
  }
  // Both are warm before anything counts.
  await processes.client({ protocol, address: straight, seconds: 1 })
  await processes.client({ protocol, address: through, seconds: 2 })
  const perSecond: { straight: number; through: number }[] = []
  for (let round = 0; round < rounds; round += 1)
    perSecond.push({ straight: await closed(straight), through: await closed(through) })
  const rate = Math.round(0.3 * median(perSecond.map((each) => each.through)))
  const p99: { straight: number; through: number }[] = []
  for (let seed = 1; seed <= rounds; seed += 1) {
    const flags = { protocol, seconds: 2 * roundSeconds, rate, seed }
    const [one, other] = await processes.clients({ ...flags, address: straight, other: through })
    p99.push({ straight: one!.p99Ms, through: other!.p99Ms })
  }
  return {
    [`throughput_ratio_${protocol}`]: median(perSecond.map((each) => each.through / each.straight)),
    [`per_second_straight_${protocol}`]: median(perSecond.map((each) => each.straight)),
    [`per_second_through_${protocol}`]: median(perSecond.map((each) => each.through)),
    [`added_p99_ms_${protocol}`]: median(p99.map((each) => each.through - each.straight)),
    [`p99_ms_straight_${protocol}`]: median(p99.map((each) => each.straight)),
    [`p99_ms_through_${protocol}`]: median(p99.map((each) => each.through)),
  }
}

async function overloaded(
  processes: Processes,
  clock: Clock,
  { pid, http: address }: Endpoints & { readonly pid: number },
  seconds: number,
): Promise<Record<string, number>> {
  // So that code and buffers are what they will be.
  await processes.client({ address, model: 'slow', rate: 2 * capacityPerSecond, seconds: 5, 'slo-ms': sloMs })
  const over = new AbortController()
  const resident: number[] = []
  const watching = (async () => {
    while (!over.signal.aborted) {
      resident.push(residentMib(pid))
      await clock.sleep(1_000, over.signal)
    }
  })()
  const flags = { address, model: 'slow', rate: 2 * capacityPerSecond, seconds, 'slo-ms': sloMs }
  const told = await processes.client(flags)
  over.abort()
  await watching
  const part = Math.max(1, Math.floor(resident.length / 5))
  return {
    rss_growth_mib: median(resident.slice(-part)) - median(resident.slice(0, part)),
    rss_max_mib: Math.max(...resident),
    accepted_in_slo: told.inSlo / Math.max(1, told.answered),
    answered_per_second: told.answered / told.seconds,
    refused_share: told.refused / (told.answered + told.refused + told.failed),
    failed_requests: told.failed,
    overload_p99_ms: told.p99Ms,
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
