import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { decodeContent, encodeContent, withHash } from './catalogue-content.ts'
import type { Catalogue } from './catalogue.ts'
import { loadCatalogue } from './load-catalogue.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('a catalogue as text', () => {
  test('comes back as it was, and is named by its sha256', async () => {
    const catalogue = await loadCatalogue()
    const text = encodeContent(catalogue)
    expect(sha256(text)).toBe(catalogue.hash)
    expect(decodeContent(text, catalogue.hash)).toEqual(catalogue)
    expect(catalogue.ratesOn?.['CNY']).toMatch(/^20\d\d-\d\d-\d\d$/)
    // Short enough to keep one for every plan: a few hundred kilobytes for seventy regions.
    expect(text.length).toBeLessThan(1_000_000)
  })

  test('has one hash for one content, in whatever order currencies came', () => {
    const empty = { version: '1', regions: [], links: [], deviceModels: [] }
    expect(withHash({ ...empty, usdPer: { USD: 1, CNY: 2 } }).hash).toBe(
      withHash({ ...empty, usdPer: { CNY: 2, USD: 1 } }).hash,
    )
  })

  test('has the memory of device models where that is known, and another hash with it', () => {
    const of = (memory: object): Catalogue => {
      const deviceModels = [{ name: 't4', relativeSpeed: 100, ...memory }]
      return withHash({ version: '1', usdPer: {}, regions: [], links: [], deviceModels })
    }
    const [unknown, known, larger] = [of({}), of({ memoryGib: 16 }), of({ memoryGib: 24 })]
    expect(new Set([unknown.hash, known.hash, larger.hash]).size).toBe(3)
    for (const each of [unknown, known]) expect(decodeContent(encodeContent(each), each.hash)).toEqual(each)
    expect(encodeContent(unknown)).toContain('[["t4",100]]')
    for (const wrong of ['0', '-1', '"16"', 'null', '16,16']) {
      const text = encodeContent(known).replace('["t4",100,16]', `["t4",100,${wrong}]`)
      expect(() => decodeContent(text, sha256(text)), wrong).toThrow(/is damaged: deviceModels/)
    }
  })

  test('that was changed on its way is refused', async () => {
    const { hash, ...content } = await loadCatalogue()
    const text = encodeContent(content)
    expect(() => decodeContent(text.replace('0.526', '0.525'), hash)).toThrow(
      /is damaged: the sha256 of its content is/,
    )
  })

  test('whatever the bytes are, the answer is a catalogue or a refusal', () => {
    const content = encodeContent({
      version: '1',
      usdPer: { USD: 1, CNY: 0.14 },
      deviceModels: [
        { name: 'cpu', relativeSpeed: 1 },
        { name: 't4', relativeSpeed: 100, memoryGib: 16 },
      ],
      regions: ['aws/a', 'aws/b'].map((name) => ({
        name,
        provider: 'aws',
        coordinates: { latitude: 1, longitude: 2 },
        prices: [],
        storageUsdPerGbMonth: null,
      })),
      links: [
        {
          from: 'aws/a',
          to: 'aws/b',
          mbitPerSecond: 1,
          roundTripMs: 2,
          egress: { kind: 'p95-month', tiers: [{ upToMbit: null, usdPerMbitMonth: 3 }] },
        },
      ],
    })
    const edit = fc.tuple(fc.nat(content.length), fc.nat(9), fc.string({ maxLength: 9 }))
    fc.assert(
      fc.property(edit, ([at, cut, insert]) => {
        const text = content.slice(0, at) + insert + content.slice(at + cut)
        const outcome = attempt(text)
        expect(outcome instanceof CloudlessError || outcome.hash === sha256(text)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

/** Anything thrown but a refusal is a failure of the property. */
function attempt(text: string): Catalogue | CloudlessError {
  try {
    return decodeContent(text, sha256(text))
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
}
