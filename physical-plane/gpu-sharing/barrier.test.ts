import { describe, expect, test } from 'vitest'
import { barrierOf, type BarrierClient, type FillBounds } from './barrier.ts'
import { sharingConfig } from './config.ts'

const noFilling: FillBounds = { budget: 1, barrierUs: null }

function aClient(slot: number, change: Partial<BarrierClient> = {}): BarrierClient {
  return {
    slot,
    instanceId: `i${slot}`,
    role: 'protected',
    work: 'inference',
    isTokenByToken: false,
    objective: { latencyMs: 100, percentile: 99 },
    lastLaunchNs: 0,
    gapUs: 0,
    starves: 'no',
    ...change,
  }
}

const train = aClient(9, { role: 'confined', work: 'training', objective: null })
const of = (client: BarrierClient, others: readonly BarrierClient[], fill = noFilling) =>
  barrierOf(client, [client, ...others], fill, sharingConfig)

describe('who yields to whom', () => {
  test('confined ones to protected ones of other instances, protected ones to nobody', () => {
    const sibling = aClient(8, { instanceId: train.instanceId })
    const other = aClient(3, { role: 'confined' })
    expect(of(train, [aClient(1), sibling, other, aClient(2)])).toMatchObject({
      yieldsTo: [1, 2],
      because: 'yields to i1, i2, 4 x 500 us in flight',
    })
    expect(of(aClient(1), [aClient(2), train])).toMatchObject({ yieldsTo: [], segmentsMax: 0, because: 'comes first' })
    expect(of(train, [other])).toMatchObject({ yieldsTo: [], segmentsMax: 0 })
  })

  test('of more than eight the newest active, without changing at every tick', () => {
    const peers = Array.from({ length: 12 }, (_, slot) => aClient(slot + 20, { lastLaunchNs: slot * 1e9 }))
    const chosen = of(train, peers)
    expect(chosen.yieldsTo).toEqual([31, 30, 29, 28, 27, 26, 25, 24])
    expect(chosen.because).toContain('(8 of 12 processes, the newest active)')
    const later = peers.map((peer) => ({ ...peer, lastLaunchNs: peer.lastLaunchNs + (peer.slot % 3) * 1e6 }))
    expect(of(train, later).yieldsTo).toEqual(chosen.yieldsTo)
  })

  test('one that starves yields to nobody, but keeps its bound in flight', () => {
    expect(of({ ...train, starves: 'outright' }, [aClient(1)])).toMatchObject({ yieldsTo: [], segmentsMax: 4 })
  })
})

describe('how much is in flight', () => {
  test.each([
    [100, 500],
    [20, 500],
    [10, 250],
    [1, 125],
  ])('an objective of %d ms: pieces of %d us', (latencyMs, segmentUs) => {
    const peers = [aClient(1), aClient(2, { objective: { latencyMs, percentile: 99 } })]
    expect(of(train, peers)).toMatchObject({ segmentsMax: 4, segmentUs })
  })

  test('filling: smaller pieces, smaller yet with a smaller budget', () => {
    const primary = aClient(1, { work: 'training', objective: null })
    expect(of(train, [primary], { budget: 1, barrierUs: 100 })).toMatchObject({
      segmentUs: 250,
      barrierUs: 100,
      patienceUs: 200,
    })
    expect(of(train, [primary], { budget: 0.5, barrierUs: 500 })).toMatchObject({ segmentUs: 125, barrierUs: 500 })
    expect(of(train, [primary], { budget: 0.05, barrierUs: null }).segmentUs).toBe(50)
  })

  test('between two tokens the barrier stays shut, for a millisecond at most', () => {
    const token = (gapUs: number): BarrierClient => aClient(1, { isTokenByToken: true, gapUs })
    expect(of(train, [token(200)]).barrierUs).toBe(400)
    expect(of(train, [token(501)]).barrierUs).toBe(0)
    expect(of(train, [{ ...token(200), isTokenByToken: false }]).barrierUs).toBe(0)
  })
})
