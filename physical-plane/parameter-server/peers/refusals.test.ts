// What a peer sends that can not be right, and what it refuses itself: named under reasons of our own, counted once, and the
// link goes on to what follows.
import { describe, expect, test } from 'vitest'
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { UpdateHeader as WireHeader } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { SimulatedNetwork } from '#test/simulation/network.ts'
import { SimulatedNode } from '#test/simulation/node.ts'
import { aPayload, aSide, countedMemory, pattern, type ASide } from './a-peer-side.ts'
import { PeerLinks } from './peer-links.ts'
import { createPeerService } from './peer-service.ts'

type Service = Implementation<PeerServiceHandlers>

/** Region b, linked to region a, whose service answers as `wrap` has it. */
function linked(wrap: (service: Service) => Service): { clock: VirtualClock; a: ASide; b: ASide; links: PeerLinks } {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork(seededRandom(1), () => 40)
  const [a, b] = [aSide('a'), aSide('b')]
  const node = new SimulatedNode('a', clock)
  a.endpoint = 'a:job:1'
  const service = wrap(createPeerService({ side: a, jobId: 'job', log: silentLog }))
  network.listen(node, a.endpoint, { 'cloudless.v1.PeerService': service })
  const own = new SimulatedNode('b', clock)
  const links = new PeerLinks({
    jobId: 'job',
    memory: countedMemory(),
    clock: own.clock,
    random: seededRandom(2),
    log: silentLog,
    open: (address) => network.client('cloudless.v1.PeerService', own, address),
  })
  b.knows([a])
  links.start(b)
  return { clock, a, b, links }
}

function withHeaders(change: (header: WireHeader) => WireHeader): (service: Service) => Service {
  return (service) => ({
    ...service,
    watchPeer: async function* (requests, call) {
      for await (const answer of service.watchPeer(requests, call)) {
        yield answer.header ? { header: change(answer.header) } : answer
      }
    },
  })
}

function seal(side: ASide, updates: number): void {
  for (let seed = 1; seed <= updates; seed++) side.seal(pattern(4096, seed))
}

describe('a header', () => {
  test.each<[string, Partial<WireHeader>]>([
    ['with a mass that is no number', { mass: Number.NaN }],
    ['with a kind of another version', { kind: 'UPDATE_KIND_UNSPECIFIED' }],
    ['with a payload of no codec', { payload: { ...aPayload(pattern(4096)), codec: 'zip' } }],
  ])('%s is left out, and those after it come', async (_, change) => {
    const { clock, a, b } = linked(withHeaders((header) => (header.seq === 2 ? { ...header, ...change } : header)))
    seal(a, 3)
    await clock.advance(5000)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([1, 3])
    expect(b.told.leftOut).toEqual([{ seq: 2, reason: 'INVALID_FIELD' }])
    expect(b.told.refused).toEqual([])
  })

  test.each<[string, Partial<WireHeader>]>([
    ['of another region', { region: 'b' }],
    ['without a number', { seq: 0 }],
  ])('%s leaves nothing out: nobody knows which update it is of', async (_, change) => {
    const { clock, a, b } = linked(withHeaders((header) => (header.seq === 2 ? { ...header, ...change } : header)))
    seal(a, 3)
    await clock.advance(20_000)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([1])
    expect(b.told.leftOut).toEqual([])
    expect(b.told.refused.length).toBeGreaterThan(1)
  })
})

describe('a payload', () => {
  test('with other bytes than its header announces is left out, and those after it come', async () => {
    const { clock, a, b } = linked((service) => service)
    seal(a, 3)
    const { payload } = a.sealed[1]!
    a.shelf.remove(payload!.sha256, a.shelf.get(payload!.sha256)!)
    a.shelf.put(payload!.sha256, pattern(4096, 99))
    await clock.advance(30_000)
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([1, 3])
    expect(b.told.leftOut).toEqual([{ seq: 2, reason: 'PAYLOAD_DIFFERS' }])
  })

  test('that its region has not as long as announced is left out', async () => {
    const { clock, a, b } = linked((service) => service)
    seal(a, 2)
    const { payload } = a.sealed[0]!
    a.shelf.remove(payload!.sha256, a.shelf.get(payload!.sha256)!)
    a.shelf.put(payload!.sha256, pattern(2048))
    await clock.advance(30_000)
    expect(b.told.leftOut).toEqual([{ seq: 1, reason: 'PAYLOAD_DIFFERS' }])
    expect(b.told.updates.map(({ seq }) => seq)).toEqual([2])
  })
})

test('a peer that refuses in words of its own is counted under one reason', async () => {
  let calls = 0
  async function* refusing(kind: 'conflict' | 'invalid'): AsyncGenerator<never> {
    calls += 1
    yield* []
    throw new CloudlessError(kind, `WORD_${calls}_${'x'.repeat(500)}`, 'y'.repeat(100_000))
  }
  const { clock, b, links } = linked((service) => ({
    ...service,
    watchPeer: () => refusing('conflict'),
    fetch: () => refusing('invalid'),
  }))
  await clock.advance(10_000)
  const fetched = links.fetch('a', aPayload(pattern(64)), new AbortController().signal)
  fetched.catch(() => {})
  await clock.advance(20_000)
  await expect(fetched).rejects.toMatchObject({ reason: 'PAYLOAD_DIFFERS' })
  expect(b.told.refused.length).toBeGreaterThan(2)
  expect(new Set(b.told.refused.map(({ reason }) => reason))).toEqual(new Set(['REFUSED_BY_PEER']))
  for (const { text } of b.told.refused) expect(text.length).toBeLessThan(2000)
})
