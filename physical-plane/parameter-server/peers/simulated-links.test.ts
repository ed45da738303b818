// The links over the simulator's network on its virtual clock: whatever is cut and crashes, every update is taken in once
// and in order, and the same seed gives the same history.
import { describe, expect, test } from 'vitest'
import { assert } from '#runtime/assert.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { SimulatedNetwork } from '#test/simulation/network.ts'
import { SimulatedNode } from '#test/simulation/node.ts'
import { aSide, countedMemory, hashOf, pattern, type ASide } from './a-peer-side.ts'
import { silentMs } from './config.ts'
import { PeerLinks } from './peer-links.ts'
import { createPeerService } from './peer-service.ts'

const never = new AbortController().signal

class Lab {
  readonly clock = new VirtualClock()
  readonly network: SimulatedNetwork
  readonly memory = countedMemory()
  readonly links: PeerLinks[] = []
  #attempt = 0

  constructor(seed: number) {
    this.network = new SimulatedNetwork(seededRandom(seed), () => 40)
  }

  /** A process of the region, with whatever state the side still has. */
  start(side: ASide): SimulatedNode {
    const { clock, network, memory } = this
    const node = new SimulatedNode(side.region, clock)
    side.endpoint = `${side.region}:job:${++this.#attempt}`
    network.listen(node, side.endpoint, {
      'cloudless.v1.PeerService': createPeerService({ side, jobId: 'job', log: silentLog }),
    })
    const links = new PeerLinks({
      jobId: 'job',
      memory,
      clock: node.clock,
      random: seededRandom(this.#attempt),
      log: silentLog,
      open: (address) => network.client('cloudless.v1.PeerService', node, address),
    })
    links.start(side)
    this.links.push(links)
    return node
  }

  async runUntil(isTrue: () => boolean, seconds = 120): Promise<void> {
    for (let i = 0; i < seconds * 10 && !isTrue(); i++) await this.clock.advance(100)
    assert(isTrue(), `it did not happen within ${seconds} s`)
  }
}

function pair(): readonly [ASide, ASide] {
  const sides = [aSide('a'), aSide('b')] as const
  for (const side of sides) side.onReceive = () => Promise.resolve()
  return sides
}

function introduce(sides: readonly ASide[]): void {
  for (const side of sides) side.knows(sides)
}

function seal(side: ASide, count: number): void {
  for (let i = 0; i < count; i++) side.seal(pattern(4000 + 4 * side.sealed.length, side.sealed.length))
}

function hashesOf(side: ASide): string[] {
  return side.sealed.map(({ payload }) => payload!.sha256)
}

describe('updates', () => {
  test('all come, once and in order, through cuts at any moment', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const lab = new Lab(seed)
      const random = seededRandom(seed)
      const [a, b] = pair()
      lab.start(a)
      lab.start(b)
      introduce([a, b])
      for (let i = 0; i < 12; i++) {
        seal(random.next() < 0.5 ? a : b, 1)
        await lab.clock.advance(random.next() * 400)
        if (random.next() < 0.6) lab.network.cut('a', 'b')
        await lab.clock.advance(random.next() * 400)
        lab.network.restore('a', 'b')
      }
      await lab.runUntil(() => a.told.updates.length + b.told.updates.length >= 12)
      expect(b.told.updates.map(({ hash }) => hash)).toEqual(hashesOf(a))
      expect(a.told.updates.map(({ hash }) => hash)).toEqual(hashesOf(b))
      expect([...a.told.refused, ...b.told.refused]).toEqual([])
    }
  })

  test('a process that dies is followed by its next attempt, from where the receiver stands', async () => {
    const lab = new Lab(5)
    const [a, b] = pair()
    const first = lab.start(a)
    lab.start(b)
    introduce([a, b])
    seal(a, 3)
    await lab.runUntil(() => b.told.updates.length === 3)
    first.crash()
    seal(a, 2)
    await lab.clock.advance(5000)
    expect(b.told.updates).toHaveLength(3)
    lab.start(a)
    introduce([a, b])
    await lab.runUntil(() => b.told.updates.length === 5)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  })

  test('a receiver that took over a snapshot goes on behind it', async () => {
    const lab = new Lab(6)
    const [a, b] = pair()
    lab.start(a)
    lab.start(b)
    seal(a, 6)
    const forgotten = a.sealed.splice(0, 4)
    for (const { payload } of forgotten) a.shelf.remove(payload!.sha256, a.shelf.get(payload!.sha256)!)
    introduce([a, b])
    await lab.clock.advance(3000)
    expect(b.told.updates).toEqual([])
    b.applied.set('a', 4)
    b.changed.notify()
    await lab.runUntil(() => b.told.updates.length === 2)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([5, 6])
  })
})

describe('payloads', () => {
  test('a fetch outlives a cut, and ends with its signal', async () => {
    const lab = new Lab(7)
    const [a, b] = pair()
    lab.start(a)
    lab.start(b)
    introduce([a, b])
    const bytes = pattern(6_000_000)
    const payload = { sha256: hashOf(bytes), bytes: bytes.length }
    a.shelf.put(payload.sha256, bytes)
    let found = ''
    const life = new AbortController()
    const fetched = lab.links[1]!.fetch('a', payload, life.signal).then((received) => {
      found = hashOf(received)
      lab.memory.release(received)
    })
    // The first window is here, the next one under way.
    await lab.clock.advance(100)
    expect(b.told.receivedBytes).toBeGreaterThan(0)
    lab.network.cut('a', 'b')
    await lab.clock.advance(20_000)
    expect(found).toBe('')
    lab.network.restore('a', 'b')
    await lab.runUntil(() => found !== '')
    await fetched
    expect(found).toBe(payload.sha256)
    lab.network.cut('a', 'b')
    const waiting = lab.links[1]!.fetch('a', payload, life.signal)
    const ending = waiting.catch((error: unknown) => error)
    await lab.clock.advance(1000)
    life.abort(new Error('enough'))
    expect(await ending).toMatchObject({ message: 'enough' })
    expect(lab.memory.usedBytes).toBe(0)
  })
})

test('what is asked of a region that is away keeps nobody from the others, and goes on when it is back', async () => {
  const lab = new Lab(12)
  const [a, b, c] = ['a', 'b', 'c'].map((region) => aSide(region, ['a', 'b', 'c'])) as [ASide, ASide, ASide]
  lab.start(a)
  lab.start(c)
  const found: string[] = []
  const fetch = (from: ASide, seed: number): void => {
    const bytes = pattern(200_000, seed)
    from.shelf.put(hashOf(bytes), bytes)
    void lab.links[1]!.fetch(from.region, { sha256: hashOf(bytes), bytes: bytes.length }, never).then((received) => {
      found.push(`${from.region} ${hashOf(received) === hashOf(bytes)}`)
      lab.memory.release(received)
    })
  }
  for (let seed = 1; seed <= 5; seed++) fetch(b, seed)
  fetch(a, 6)
  c.knows([a])
  await lab.runUntil(() => found.length === 1, 10)
  expect(found).toEqual(['a true'])
  lab.start(b)
  c.knows([a, b])
  await lab.runUntil(() => found.length === 6, 10)
  expect(lab.memory.usedBytes).toBe(0)
})

test('a hundred small payloads at once all come', async () => {
  const lab = new Lab(13)
  const [a, b] = pair()
  lab.start(a)
  lab.start(b)
  introduce([a, b])
  let count = 0
  for (let seed = 0; seed < 100; seed++) {
    const bytes = pattern(100 + seed, seed)
    a.shelf.put(hashOf(bytes), bytes)
    void lab.links[1]!.fetch('a', { sha256: hashOf(bytes), bytes: bytes.length }, never).then((received) => {
      if (hashOf(received) === hashOf(bytes)) count += 1
      lab.memory.release(received)
    })
  }
  await lab.runUntil(() => count === 100, 5)
  expect(a.told.sentBytes).toBeLessThan(100 * 400)
})

describe('the link', () => {
  test('its round trip is measured, and a status comes one delay after it was said', async () => {
    const lab = new Lab(8)
    const [a, b] = pair()
    lab.start(a)
    lab.start(b)
    introduce([a, b])
    await lab.clock.advance(20_000)
    const { roundTripMs } = b.told.measured.at(-1)!
    expect(roundTripMs).toBeGreaterThanOrEqual(80)
    expect(roundTripMs).toBeLessThan(96)
    expect(b.told.measured.at(-1)!.bytesPerSecond).toBe(0)
    const bytes = pattern(50_000)
    const payload = { sha256: hashOf(bytes), bytes: bytes.length }
    a.shelf.put(payload.sha256, bytes)
    const fetched = lab.links[1]!.fetch('a', payload, new AbortController().signal)
    await lab.clock.advance(1000)
    lab.memory.release(await fetched)
    // Small as it is, and the only one: it says what the link carries at least.
    expect(b.told.measured.at(-1)!.bytesPerSecond).toBeGreaterThan((bytes.length * 1000) / 200)
    const before = b.told.statuses.length
    a.say({ committedRound: 3 })
    await lab.clock.advance(50)
    expect(b.told.statuses.length).toBe(before + 1)
  })

  test('a watch on which nothing comes is opened again', async () => {
    const lab = new Lab(9)
    const [a, b] = pair()
    lab.start(b)
    const node = new SimulatedNode('a', lab.clock)
    const service = createPeerService({ side: a, jobId: 'job', log: silentLog })
    let opened = 0
    lab.network.listen(node, 'a:mute', {
      'cloudless.v1.PeerService': {
        ...service,
        watchPeer: () => {
          opened += 1
          return new AsyncQueue({ limit: 1 })
        },
      },
    })
    b.knows([{ region: 'a', endpoint: 'a:mute' }])
    await lab.clock.advance(silentMs - 1000)
    expect(opened).toBe(1)
    await lab.clock.advance(5000)
    expect(opened).toBe(2)
  })

  test('one seed gives one history', async () => {
    const history = async (): Promise<string> => {
      const lab = new Lab(11)
      const [a, b] = pair()
      lab.start(a)
      lab.start(b)
      introduce([a, b])
      seal(a, 4)
      await lab.clock.advance(700)
      lab.network.cut('a', 'b')
      await lab.clock.advance(900)
      lab.network.restore('a', 'b')
      await lab.clock.advance(8000)
      return JSON.stringify([a.told, b.told])
    }
    expect(await history()).toBe(await history())
  })
})
