import { describe, expect, test } from 'vitest'
import { settle } from '#runtime/virtual-clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import { HeardSources } from './heard-sources.ts'
import { aLaboratory, layout } from './laboratory.fixture.ts'
import { PayloadSource } from './payload-source.ts'
import { differencesOfContribution, differencesOfProposal } from './plan-difference.ts'
import { aContribution, aPayload, aPlan, aProposal } from './proposal.fixture.ts'

const never = new AbortController().signal

function aSource(bytesOf: (sha256: string, region: string) => Uint8Array | Promise<Uint8Array>) {
  const { memory, payloads, shared } = aLaboratory()
  const told: string[] = []
  let fetches = 0
  let aborts = 0
  const fetcher: PeerFetcher = {
    fetch: async (region, { sha256, bytes }, signal) => {
      fetches += 1
      signal.addEventListener('abort', () => (aborts += 1))
      const sent = await bytesOf(sha256, region)
      const got = payloadMemory(memory).allocate(bytes)
      got.set(sent)
      return got
    },
  }
  const away = new Set<string>()
  const heard = new HeardSources({ peers: ['b', 'c'] }, { hears: (region) => !away.has(region) })
  const source = new PayloadSource(payloads, { fetcher, memory, heard }, (region, reason, text) =>
    told.push(`${region} ${reason} ${text}`),
  )
  const cut = shared.cut(2, 1)
  const isElsewhere = (): boolean => false
  const wanted = {
    region: 'b',
    round: 3,
    cut,
    layout,
    codec: 'fp32',
    density: 1,
    differences: [],
    isElsewhere,
  } as const
  const payload = aPayload({ bytes: 4 * cut.elements, elements: cut.elements })
  return {
    source,
    heard,
    away,
    told,
    memory,
    payloads,
    cut,
    wanted,
    payload,
    fetches: () => fetches,
    aborts: () => aborts,
  }
}

describe('a payload', () => {
  test('is fetched once, and kept for those who ask this region for it', async () => {
    const { source, wanted, payload, fetches, memory, payloads } = aSource(() => new Uint8Array(4).fill(0))
    const first = await source.decoded({ ...wanted, payload }, never)
    const second = await source.decoded({ ...wanted, payload }, never)
    expect([fetches(), first, payloads.has(payload.sha256)]).toEqual([1, second, true])
    for (const vector of [first, second]) memory.release(vector)
  })

  test('on its way is waited for by all who want it, and broken off with the last of them', async () => {
    const arrival = Promise.withResolvers<Uint8Array>()
    const { source, wanted, payload, fetches, aborts, memory } = aSource(() => arrival.promise)
    const lives = [new AbortController(), new AbortController(), new AbortController()]
    const [first, second, third] = lives.map(({ signal }) => source.decoded({ ...wanted, payload }, signal))
    lives[0]!.abort(new Error('not wanted'))
    await expect(first).rejects.toThrow('not wanted')
    expect([fetches(), aborts()]).toEqual([1, 0])
    arrival.resolve(new Uint8Array(4))
    for (const vector of [await second!, await third!]) memory.release(vector)
    expect([fetches(), aborts()]).toEqual([1, 1])

    const silent = aSource(() => new Promise<never>(() => {}))
    const alone = new AbortController()
    const waiting = silent.source.decoded({ ...silent.wanted, payload }, alone.signal)
    alone.abort(new Error('not wanted'))
    await expect(waiting).rejects.toThrow('not wanted')
    expect(silent.aborts()).toBe(1)
    // Whoever comes next does not join what was given up.
    void silent.source.decoded({ ...silent.wanted, payload }, new AbortController().signal)
    expect(silent.fetches()).toBe(2)
  })

  test('of a region that is silent is left only where another one is heard to have it, and then not joined', async () => {
    let isElsewhere = false
    const { source, heard, away, wanted, payload, fetches, memory } = aSource((_, region) =>
      region === 'b' ? new Promise<never>(() => {}) : new Uint8Array(4),
    )
    const waiting = source.decoded({ ...wanted, payload, isElsewhere: () => isElsewhere }, never)
    const outcome = waiting.catch((error: unknown) => error)
    away.add('b')
    heard.advance()
    await settle()
    memory.release(await source.decoded({ ...wanted, payload, region: 'c' }, never))
    expect(fetches()).toBe(2)
    isElsewhere = true
    heard.advance()
    expect(await outcome).toMatchObject({ kind: 'unavailable', reason: 'SOURCE_SILENT' })
  })

  test('that is wrong is told and fetched once, and not kept; a damaged transfer says nothing about it', async () => {
    const malformed = new Float32Array(250)
    malformed[3] = Number.POSITIVE_INFINITY
    const { source, wanted, payload, told, fetches, payloads, memory } = aSource(() => new Uint8Array(malformed.buffer))
    const usedBytes = memory.usedBytes
    const both = [1, 2].map(() => source.decoded({ ...wanted, payload }, never))
    for (const one of [...both, source.decoded({ ...wanted, payload }, never)]) {
      await expect(one).rejects.toMatchObject({ reason: 'MALFORMED_ENCODING' })
    }
    await expect(source.decoded({ ...wanted, payload }, never)).rejects.toMatchObject({ reason: 'MALFORMED_ENCODING' })
    expect([told.length, fetches(), payloads.has(payload.sha256), memory.usedBytes]).toEqual([1, 1, false, usedBytes])
    expect([source.refusalOf(3, payload)?.reason, source.refusalOf(4, payload)]).toEqual(['MALFORMED_ENCODING', null])
    source.forgetBefore(4)
    expect(source.refusalOf(3, payload)).toBeNull()

    const damaged = aSource(() =>
      Promise.reject(new CloudlessError('invalid', 'PAYLOAD_CORRUPT', 'its bytes have another sha256')),
    )
    await expect(damaged.source.decoded({ ...wanted, payload }, never)).rejects.toMatchObject({ kind: 'invalid' })
    expect([damaged.told, damaged.source.refusalOf(3, payload)]).toEqual([[], null])
    await expect(damaged.source.decoded({ ...wanted, payload }, never)).rejects.toMatchObject({ kind: 'invalid' })
    expect(damaged.fetches()).toBe(2)
  })

  test('of another length or codec than this round exchanges is refused before it is fetched', async () => {
    const { source, wanted, payload, told, fetches } = aSource(() => new Uint8Array())
    const wrong = [
      { ...payload, elements: payload.elements + 1 },
      { ...payload, codec: 'bf16' as const },
    ]
    for (const one of wrong) {
      await expect(source.decoded({ ...wanted, payload: one }, never)).rejects.toMatchObject({
        kind: 'invalid',
        reason: 'PLAN_DIFFERS',
      })
    }
    expect([told.length, fetches()]).toEqual([2, 0])
    expect(told[1]).toContain('b PLAN_DIFFERS what region b offers for round 3 is of another plan')
    expect(told[1]).toContain('payload.codec: bf16 where fp32 is exchanged; run one job file')
  })

  test('of another version of the plan is refused by its field before it is fetched', async () => {
    const { source, wanted, payload, told, fetches } = aSource(() => new Uint8Array())
    const differences = differencesOfContribution(aContribution({ planVersion: 4 }), aPlan({ version: 3 }))
    for (let again = 0; again < 2; again++) {
      await expect(source.decoded({ ...wanted, payload, differences }, never)).rejects.toMatchObject({
        reason: 'PLAN_DIFFERS',
        violations: [{ field: 'contribution.planVersion', description: '4 where 3 is exchanged' }],
      })
    }
    expect([told.length, fetches()]).toEqual([1, 0])
    expect(differencesOfContribution(aContribution({ planVersion: 3 }), aPlan({ version: 3 }))).toEqual([])
  })

  test('of another fragment, or of a last round that is none, is refused by its field', async () => {
    const { source, wanted, payload } = aSource(() => new Uint8Array())
    const exchange = { fragment: 1, isFinal: false }
    const differences = differencesOfProposal(aProposal({ fragment: 3, isFinal: true }), exchange)
    await expect(source.decoded({ ...wanted, payload, differences }, never)).rejects.toMatchObject({
      reason: 'PLAN_DIFFERS',
      violations: [
        { field: 'proposal.fragment', description: '3 where 1 is exchanged' },
        { field: 'proposal.isFinal', description: 'true where false is exchanged' },
      ],
    })
    expect(differencesOfProposal(aProposal({ fragment: 1 }), exchange)).toEqual([])
  })

  test('with NaN names region and tensor, where the fragment has an element of the whole model', async () => {
    const { source, wanted, payload, told, memory, cut } = aSource(() => {
      const values = new Float32Array(250)
      values[249] = Number.NaN
      return new Uint8Array(values.buffer)
    })
    const usedBytes = memory.usedBytes
    const error = await source.decoded({ ...wanted, payload }, never).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CloudlessError)
    const element = cut.ranges.at(-1)!.end - 1
    expect(element).toBeGreaterThan(300)
    expect(error).toMatchObject({
      kind: 'invalid',
      reason: 'MALFORMED_ENCODING',
      metadata: { region: 'b', tensor: 'second', element: String(element) },
    })
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('b MALFORMED_ENCODING round 3: from region b, tensor second')
    expect(memory.usedBytes).toBe(usedBytes)
  })
})
