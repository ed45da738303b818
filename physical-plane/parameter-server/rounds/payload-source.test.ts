import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import { aLaboratory, layout } from './laboratory.fixture.ts'
import { PayloadSource } from './payload-source.ts'
import { aPayload } from './proposal.fixture.ts'

const never = new AbortController().signal

function aSource(bytesOf: (sha256: string) => Uint8Array) {
  const { memory, payloads, shared } = aLaboratory()
  const told: string[] = []
  let fetches = 0
  const fetcher: PeerFetcher = {
    fetch: (_, { sha256, bytes }) => {
      fetches += 1
      const got = payloadMemory(memory).allocate(bytes)
      got.set(bytesOf(sha256))
      return Promise.resolve(got)
    },
  }
  const source = new PayloadSource(payloads, { fetcher, memory }, (region, reason, text) =>
    told.push(`${region} ${reason} ${text}`),
  )
  const cut = shared.cut(2, 1)
  const wanted = { region: 'b', round: 3, cut, layout, codec: 'fp32', density: 1 } as const
  const payload = aPayload({ bytes: 4 * cut.elements, elements: cut.elements })
  return { source, told, memory, payloads, cut, wanted, payload, fetches: () => fetches }
}

describe('a payload', () => {
  test('is fetched once, and kept for those who ask this region for it', async () => {
    const { source, wanted, payload, fetches, memory, payloads } = aSource(() => new Uint8Array(4).fill(0))
    const first = await source.decoded({ ...wanted, payload }, never)
    const second = await source.decoded({ ...wanted, payload }, never)
    expect([fetches(), first, payloads.has(payload.sha256)]).toEqual([1, second, true])
    for (const vector of [first, second]) memory.release(vector)
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
    expect(told[1]).toContain('b PLAN_DIFFERS region b offers 250 elements in bf16 for round 3, where 250 in fp32')
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
    // The vector went back; the bytes are kept until the round is past.
    expect(memory.usedBytes - usedBytes).toBeLessThanOrEqual(1024)
  })
})
