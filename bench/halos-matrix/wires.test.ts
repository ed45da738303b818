import { describe, expect, test } from 'vitest'
import {
  aPayload,
  aSide,
  aStatus,
  countedMemory,
  hashOf,
  pattern,
} from '#physical-plane/parameter-server/peers/a-peer-side.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Wires } from './wires.ts'

const roundTripMs = 100
const bytesPerSecond = 1_000

function aNetwork() {
  const clock = new VirtualClock()
  const wires = new Wires({ clock, roundTripMs, bytesPerSecond: () => bytesPerSecond, pieceBytes: 10 })
  const [a, b] = [aSide('a'), aSide('b')]
  const memories = { a: countedMemory(), b: countedMemory() }
  wires.join(a, memories.a)
  wires.join(b, memories.b)
  return { clock, wires, a, b, memories }
}

describe('the wires between simulated regions', () => {
  test('carry an update in a round trip, half of one, and the time of its bytes', async () => {
    const { clock, wires, a, b, memories } = aNetwork()
    const bytes = pattern(400)
    a.seal(bytes)
    // 50 ms the header, 50 ms the request, 400 ms the bytes, 50 ms the last one's way.
    await clock.advance(545)
    expect(b.told.updates).toEqual([])
    await clock.advance(10)
    expect(b.told.updates).toEqual([{ seq: 1, hash: hashOf(bytes) }])
    expect(memories.b.usedBytes).toBe(0)
    expect(wires.payloadBytes).toBe(400)
    expect([a.told.sentBytes, b.told.receivedBytes]).toEqual([400, 400])
    wires.stop()
  })

  test('share their rate among transfers at the same time', async () => {
    const { clock, wires, a } = aNetwork()
    const payloads = [1, 2].map((seed) => pattern(200, seed))
    for (const each of payloads) a.shelf.put(hashOf(each), each)
    const { signal } = new AbortController()
    const arrived: number[] = []
    const fetches = payloads.map(async (each) => {
      await wires.fetcherOf('b').fetch('a', aPayload(each), signal)
      arrived.push(clock.monotonicMs())
    })
    await clock.advance(600)
    await Promise.all(fetches)
    // 400 bytes in all; in turns, so the first is not done after its own 200 ms.
    expect(arrived).toEqual([480, 500])
    wires.stop()
  })

  test('tell the newest status, acknowledgements and what they measured', async () => {
    const { clock, wires, a, b } = aNetwork()
    b.durable.set('a', 3)
    b.changed.notify()
    a.say(aStatus({ revision: 5 }))
    await clock.advance(60)
    expect(b.told.statuses.at(-1)).toEqual({ region: 'a', revision: a.status.revision })
    expect(a.told.acknowledged).toEqual([3])
    a.seal(pattern(400))
    await clock.advance(2_000)
    const measured = b.told.measured.at(-1)!
    expect(measured.roundTripMs).toBe(roundTripMs)
    expect(measured.bytesPerSecond).toBeCloseTo(bytesPerSecond, 0)
    wires.stop()
  })

  test('say so where a payload is not there any more', async () => {
    const { clock, wires } = aNetwork()
    const lost = wires.fetcherOf('b').fetch('a', aPayload(pattern(8)), new AbortController().signal)
    const outcome = lost.then(
      () => 'fetched',
      (error: Error) => error.message,
    )
    await clock.advance(200)
    expect(await outcome).toContain('payload')
    wires.stop()
  })
})
