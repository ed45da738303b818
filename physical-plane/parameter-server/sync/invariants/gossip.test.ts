import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom, type Random } from '#runtime/random.ts'

type Node = { x: number; y: number }
type Message = Node & { readonly to: number }

const nodes = 5

describe('I13: gossip that keeps the mean', () => {
  test('push-sum conserves sum and mass at every moment, messages under way included', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 200 }), (seed, exchanges) => {
        const random = seededRandom(seed)
        const regions = start(random)
        const sum = total(regions, 'x')
        const underWay: Message[] = []
        for (let i = 0; i < exchanges; i++) {
          pushSum(regions, underWay, random)
          expect(Math.abs(total([...regions, ...underWay], 'x') - sum)).toBeLessThan(1e-9)
          expect(Math.abs(total([...regions, ...underWay], 'y') - nodes)).toBeLessThan(1e-9)
        }
      }),
    )
  })

  test('push-sum brings every region to the mean', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const regions = start(random)
        const mean = total(regions, 'x') / nodes
        const underWay: Message[] = []
        for (let i = 0; i < 600; i++) pushSum(regions, underWay, random)
        for (const message of underWay) arrive(regions, message)
        for (const { x, y } of regions) expect(Math.abs(x / y - mean)).toBeLessThan(1e-9)
      }),
      { numRuns: 20 },
    )
  })

  test('symmetric exchange by pairs keeps it, too', () => {
    const random = seededRandom(3)
    const regions = start(random)
    const sum = total(regions, 'x')
    for (let i = 0; i < 400; i++) {
      const [one, other] = aPair(random)
      const mean = (regions[one]!.x + regions[other]!.x) / 2
      regions[one]!.x = mean
      regions[other]!.x = mean
    }
    expect(Math.abs(total(regions, 'x') - sum)).toBeLessThan(1e-9)
  })

  test('one-sided mixing does not', () => {
    const drifts = Array.from({ length: 20 }, (_, seed) => {
      const random = seededRandom(seed)
      const regions = start(random)
      const sum = total(regions, 'x')
      for (let i = 0; i < 400; i++) {
        const [from, to] = aPair(random)
        regions[to]!.x = (regions[to]!.x + regions[from]!.x) / 2
      }
      return Math.abs(total(regions, 'x') - sum) / nodes
    })
    expect(drifts.filter((drift) => drift > 1e-3).length).toBeGreaterThan(15)
    expect(Math.max(...drifts)).toBeGreaterThan(0.2)
  })
})

function start(random: Random): Node[] {
  return Array.from({ length: nodes }, () => ({ x: 2 * random.next() - 1, y: 1 }))
}

/** One region sends half of what it has; sometimes a message, any of those under way, arrives. */
function pushSum(regions: Node[], underWay: Message[], random: Random): void {
  const [from, to] = aPair(random)
  const node = regions[from]!
  node.x /= 2
  node.y /= 2
  underWay.push({ ...node, to })
  while (underWay.length > 0 && random.next() < 0.7)
    arrive(regions, underWay.splice(random.integer(underWay.length), 1)[0]!)
}

function arrive(regions: Node[], { x, y, to }: Message): void {
  regions[to]!.x += x
  regions[to]!.y += y
}

function aPair(random: Random): readonly [number, number] {
  const one = random.integer(nodes)
  return [one, (one + 1 + random.integer(nodes - 1)) % nodes]
}

function total(all: readonly Node[], key: keyof Node): number {
  return all.reduce((sum, node) => sum + node[key], 0)
}
