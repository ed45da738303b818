// After every commit all regions have the same bits in common, shared parameters and outer momentum (I12), with every
// codec; and over an interval streaming moves what DiLoCo moves (I5), as long as the codec says (I22).
import { describe, expect, test } from 'vitest'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { codecNames } from '#proto/sync/settings.ts'
import { Cluster } from '../cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from '../partition.fixture.ts'
import { aLaboratory, train } from './laboratory.fixture.ts'
import { aPlan } from './proposal.fixture.ts'

const names = ['a/1', 'b/2', 'c/3', 'd/4'] as const
const cases = codecNames.flatMap((codec) => [2, 3, 4].map((regions) => ({ codec, regions })))

/** What each region said of each round that had members. */
function hashesOf(cluster: Cluster): ReadonlyMap<number, readonly string[]> {
  const hashes = new Map<number, string[]>()
  for (const { partition } of cluster.nodes.values()) {
    for (const record of partition.records.waiting) {
      if (record.kind !== 'round' || record.round === 0) continue
      hashes.set(record.round, [...(hashes.get(record.round) ?? []), record.replicaHash])
    }
  }
  return hashes
}

describe('after every commit', () => {
  test.each(cases)('$regions regions have the same in common, in $codec', async ({ codec, regions }) => {
    const cluster = await Cluster.open({
      regions: names.slice(0, regions).map((name, i) => ({ name, samples: 40 - 6 * i, workers: 1 + (i % 2) })),
      sync: sync('diloco', {
        interval: 5,
        codec,
        ...(codec === 'top-k' || codec === 'sparse-loco' ? { density: 0.3 } : {}),
        graceMinMs: 10,
        graceMaxMs: 200,
        ...(codec === 'sparse-loco' ? {} : { outerLearningRate: 0.7, outerMomentum: 0.9 }),
      }),
      layout: aLayout(20, { buffers: 2, kind: 'adamw' }),
      initial: Array.from({ length: 22 }, (_, i) => i - 11),
      gradientOf: wholeGradients,
      learningRate: 2 ** -6,
      seed: regions,
      trouble: 0.1,
    })
    await cluster.finish()
    cluster.agreedReplica()
    const hashes = hashesOf(cluster)
    expect(hashes.size).toBeGreaterThan(2)
    for (const said of hashes.values()) {
      expect(said).toHaveLength(regions)
      expect(new Set(said).size).toBe(1)
    }
    // The last round has nothing to add where all was exact and told.
    expect(new Set([...hashes.values()].map(([hash]) => hash)).size).toBeGreaterThanOrEqual(hashes.size - 1)
  })

  test('streaming fragments, too, however they are merged', async () => {
    for (const merge of ['rebase', 'mix', 'overwrite'] as const) {
      const cluster = await Cluster.open({
        regions: names.slice(0, 3).map((name) => ({ name, samples: 40 })),
        sync: sync('streaming-diloco', { interval: 6, fragments: 3, merge, graceMinMs: 10, graceMaxMs: 200 }),
        layout: aLayout(20, { buffers: 2 }),
        initial: Array.from({ length: 22 }, (_, i) => i - 11),
        gradientOf: wholeGradients,
        learningRate: 2 ** -6,
      })
      await cluster.finish()
      for (const said of hashesOf(cluster).values()) expect(new Set(said).size).toBe(1)
    }
  })
})

describe('bytes', () => {
  const send = async (strategy: string, fragments: number, codec: (typeof codecNames)[number]) => {
    const lab = aLaboratory({ strategy, codec, density: 0.1, interval: 8 })
    const plan = aPlan({ codec, density: 0.1, fragments })
    const sent: { readonly bytes: number; readonly elements: number; readonly fragment: number }[] = []
    for (let round = 0; round < fragments; round++) {
      train(lab, 0.25)
      const exchange = lab.exchangeOf(plan, round)
      await lab.offer.make(exchange, plan, lab, { nowMs: 0, isOpen: () => true })
      const { payload } = lab.offer.pending!.contribution
      sent.push({ bytes: payload.bytes, elements: payload.elements, fragment: exchange.fragment })
      lab.offer.missed()
    }
    return { sent, elements: lab.replica.elementCount }
  }

  test.each(codecNames)(
    'of an interval are those of DiLoCo, and no fragment has more than its share, in %s',
    async (codec) => {
      const whole = await send('diloco', 1, codec)
      const parts = await send('streaming-diloco', 4, codec)
      expect(whole.sent.map(({ bytes }) => bytes)).toEqual([encodedBytes(codec, whole.elements, 0.1)])
      for (const { bytes, elements } of parts.sent) {
        expect(bytes).toBe(encodedBytes(codec, elements, 0.1))
        expect(elements).toBeLessThanOrEqual(Math.ceil(whole.elements / 4))
      }
      // Each part of the model once.
      expect(new Set(parts.sent.map(({ fragment }) => fragment))).toEqual(new Set([0, 1, 2, 3]))
      expect(parts.sent.reduce((sum, { elements }) => sum + elements, 0)).toBe(whole.elements)
      // Scales and counts of blocks and chunks that are cut come on top.
      const total = parts.sent.reduce((sum, { bytes }) => sum + bytes, 0)
      expect(total - whole.sent[0]!.bytes).toBeLessThanOrEqual(['fp32', 'fp16', 'bf16'].includes(codec) ? 0 : 4 * 12)
      expect(total).toBeGreaterThanOrEqual(whole.sent[0]!.bytes)
    },
  )
})
