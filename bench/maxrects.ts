// Placement of rectangles, time by multiprocessors, on GPUs.
//   free_list_mismatches  of 300 random layouts on 8 x 8 cells those whose free list is not what trying every rectangle gives
//   orders_fit            of the 420 orders in which FaST-GShare's eight pods can come those that fit one GPU; orders_fit_RULE
//                         without moving anybody
//   placements_ms         1,000 placements on 1,000 GPUs, of shapes of FaST-GShare's grid; gpus_used, of which area_bound are the
//                         least that their areas allow
import { findRoom, cut, fitRules, freeBeside, type Rectangle, type Size } from '#proto/rectangles/max-rects.ts'
import { asText, freeByBruteForce, orders } from '#proto/rectangles/max-rects.fixture.ts'
import { RectangleIndex } from '#physical-plane/gpu-sharing/placement/rectangles/rectangle-index.ts'
import type { Clock } from '#runtime/clock.ts'
import { type Random, seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const cases = 300
const placements = 1_000
const memoryBytes = 16 * 2 ** 30
const podBytes = 2 ** 30
const quotasMilli = [200, 400, 600, 800, 1_000]
const smsMilli = [60, 120, 240, 500, 600, 800, 1_000]
const paper = [
  { of: { width: 400, height: 120 }, count: 4 },
  { of: { width: 400, height: 240 }, count: 2 },
  { of: { width: 600, height: 500 }, count: 2 },
]

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  note(`${cases} free lists, ${orders(paper).length} orders, ${placements} placements`)
  return { free_list_mismatches: mismatches(seededRandom(1)), ...ordersThatFit(), ...manyGpus(clock, seededRandom(2)) }
}

function mismatches(random: Random): number {
  const bin = { width: 8, height: 8 }
  let count = 0
  for (let one = 0; one < cases; one += 1) {
    const taken: Rectangle[] = []
    let free = freeBeside(bin, taken)
    for (let piece = 0; piece < 10; piece += 1) {
      const size = { width: 1 + random.integer(5), height: 1 + random.integer(5) }
      const place = findRoom(free, size, fitRules[one % fitRules.length]!)
      if (place === null) continue
      taken.push(place)
      free = cut(free, place)
    }
    if (asText(free).join(' ') !== asText(freeByBruteForce(bin, taken)).join(' ')) count += 1
  }
  return count
}

function ordersThatFit(): Record<string, number> {
  const all = orders(paper)
  const result: Record<string, number> = {
    orders: all.length,
    orders_fit: all.filter((order) => gpusFor(order) === 1).length,
  }
  for (const rule of fitRules)
    result[`orders_fit_${rule.replaceAll('-', '_')}`] = all.filter((order) => {
      let free = freeBeside({ width: 1_000, height: 1_000 }, [])
      return order.every((piece) => {
        const place = findRoom(free, piece, rule)
        if (place !== null) free = cut(free, place)
        return place !== null
      })
    }).length
  return result
}

function gpusFor(order: readonly Size[]): number {
  const index = new RectangleIndex(gpus(order.length))
  for (const [at, size] of order.entries()) give(index, String(at), size)
  return index.activeCount
}

function manyGpus(clock: Clock, random: Random): Record<string, number> {
  const index = new RectangleIndex(gpus(1_000))
  const sizes = Array.from({ length: placements }, () => ({
    width: quotasMilli[random.integer(quotasMilli.length)]!,
    height: smsMilli[random.integer(smsMilli.length)]!,
  }))
  const beganAtMs = clock.monotonicMs()
  for (const [at, size] of sizes.entries()) give(index, String(at), size)
  const placementsMs = clock.monotonicMs() - beganAtMs
  const area = sizes.reduce((sum, { width, height }) => sum + width * height, 0)
  return { placements_ms: placementsMs, gpus_used: index.activeCount, area_bound: Math.ceil(area / 1_000_000) }
}

function give(index: RectangleIndex, holder: string, { width, height }: Size): void {
  const ask = { holder, quotaMilli: width, smMilli: height, memoryBytes: podBytes, shared: null }
  const found = index.choose(ask)
  if (found !== null) index.hold(ask, found)
}

function gpus(count: number): readonly { readonly id: string; readonly memoryBytes: number }[] {
  return Array.from({ length: count }, (_, at) => ({ id: String(at).padStart(4, '0'), memoryBytes }))
}
