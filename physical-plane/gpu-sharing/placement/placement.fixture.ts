// Small clusters and demands for tests of placement.
import * as fc from 'fast-check'
import type { Demand, DemandKind } from './demand.ts'
import type { IndexedDevice } from './device-index.ts'

export function aCluster(nodes: number, perNode: number, memoryBytes = 40): readonly IndexedDevice[] {
  return Array.from({ length: nodes * perNode }, (_, at) => {
    const node = `n${Math.floor(at / perNode)}`
    return { id: `${node}-${at % perNode}`, node, memoryBytes }
  })
}

let made = 0
export function aDemand(over: Partial<Omit<Demand, 'share'>> & Partial<Demand['share']> = {}): Demand {
  const { requestMilli = 300, limitMilli = 500, memoryBytes = 5, ...rest } = over
  made += 1
  const share = { requestMilli, limitMilli, memoryBytes }
  return { holder: `h-${made}`, functionId: 'f', kind: 'inference', devices: 1, mayBeSplit: true, ...rest, share }
}

/** Demands of all kinds, with few functions so that some have several instances. */
export const demands: fc.Arbitrary<Demand> = fc
  .record({
    kind: fc.constantFrom<DemandKind>('training', 'inference', 'inference', 'llm-inference'),
    functionId: fc.constantFrom('f', 'g', 'h'),
    devices: fc.integer({ min: 1, max: 3 }),
    requestMilli: fc.integer({ min: 1, max: 1_000 }),
    more: fc.integer({ min: 0, max: 500 }),
    memoryBytes: fc.integer({ min: 0, max: 44 }),
  })
  .map(({ kind, devices, requestMilli, more, ...rest }) =>
    aDemand({
      ...rest,
      kind,
      devices: kind === 'training' ? devices : 1,
      requestMilli,
      limitMilli: Math.min(1_000, requestMilli + more),
    }),
  )
