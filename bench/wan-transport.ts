// Goodput of a parameter transfer of 100 MB between two regions, as a share of the link's rate: the product's own service
// and links, each in a process of its own, through the relay in a third. Per link the first transfer finds a link of
// which nothing is known; the figure is the median of those after it, as rounds follow each other in a job. Beside it
// stands what a plain TCP connection gets through the same relay in the same run, and what the relay carries unshaped.
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { aSide, countedMemory } from '#physical-plane/parameter-server/peers/a-peer-side.ts'
import { peerOpener } from '#physical-plane/parameter-server/peers/open-peer.ts'
import { PeerLinks } from '#physical-plane/parameter-server/peers/peer-links.ts'
import type { Clock } from '#runtime/clock.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { rawMbit } from './wan-transport/raw-transfer.ts'
import { overShapedLinks, receiver, type Place, type Shape } from './wan-transport/regions.ts'

const payloadBytes = 100_000_000
const repetitions = 3
/** Far above what any relay in user land carries. */
const unshaped: Shape = { name: 'unshaped', mbitPerSecond: 1_000_000, roundTripMs: 0 }
/** Round trips: 30 ms is 15 ms each way. */
const shapes: readonly Shape[] = [
  { name: '100m_30ms', mbitPerSecond: 100, roundTripMs: 30 },
  { name: '200m_150ms', mbitPerSecond: 200, roundTripMs: 150 },
  { name: '1g_50ms', mbitPerSecond: 1_000, roundTripMs: 50 },
]

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  return overShapedLinks([unshaped, ...shapes], payloadBytes, async (places) => {
    const ceiling = await best(() => rawMbit(clock, places[0]!, 4 * payloadBytes))
    note(`relay: ${ceiling.toFixed(0)} Mbit/s by a plain connection, unshaped`)
    const result: Record<string, number | readonly number[]> = { relay_ceiling_mbit: ceiling }
    for (const place of places.slice(1)) {
      const { name, mbitPerSecond } = place.shape
      const raw = (await rawMbit(clock, place, payloadBytes)) / mbitPerSecond
      const { first, later } = await transfers(clock, place, note)
      result[`goodput_share_${name}`] = median(later)
      result[`goodput_share_${name}_first`] = first
      result[`goodput_share_${name}_all`] = later
      result[`raw_share_${name}`] = raw
      note(
        `${name}: ${median(later).toFixed(3)} of the rate, at first ${first.toFixed(3)}; a plain connection ${raw.toFixed(3)}`,
      )
    }
    return { ...result, payload_bytes: payloadBytes }
  })
}

type Shares = { readonly first: number; readonly later: readonly number[] }

/** Over one pair of links that stays open, as that of two parameter servers does. */
async function transfers(clock: Clock, place: Place, note: (text: string) => void): Promise<Shares> {
  const side = aSide(receiver, [receiver, place.region])
  const memory = countedMemory()
  const links = new PeerLinks({
    jobId: 'wan-transport',
    memory,
    clock,
    random: seededRandom(1),
    log: silentLog,
    open: peerOpener(clock),
  })
  links.start(side)
  side.knows([{ region: place.region, endpoint: place.endpoint }])
  const shares: number[] = []
  try {
    for (let i = 0; i <= repetitions; i++) {
      const startedMs = clock.monotonicMs()
      memory.release(await links.fetch(place.region, place.payload, AbortSignal.timeout(300_000)))
      const seconds = (clock.monotonicMs() - startedMs) / 1000
      shares.push((payloadBytes * 8) / 1e6 / seconds / place.shape.mbitPerSecond)
      note(`${place.shape.name}: ${payloadBytes / 1e6} MB in ${seconds.toFixed(2)} s, ${shares.at(-1)!.toFixed(3)}`)
    }
  } finally {
    await links.stop()
  }
  return { first: shares[0]!, later: shares.slice(1) }
}

async function best(measure: () => Promise<number>): Promise<number> {
  let most = 0
  for (let i = 0; i < repetitions; i++) most = Math.max(most, await measure())
  return most
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
