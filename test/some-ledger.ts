// For tests: ledgers of every kind of entry, over hours, months, attempts and jobs.
import * as fc from 'fast-check'
import { aUsage } from '#control-plane/model/builders.ts'
import { usagePurposes, type LedgerEntry } from '#control-plane/model/ledger.ts'

export function anEntry(entry: Partial<LedgerEntry> = {}): LedgerEntry {
  const price = { unitPriceUsd: 3.6, unitPrice: 3.6, currency: 'USD', amountUsd: 0.1, catalogHash: 'c' }
  return { ...aUsage(), ...price, ...entry }
}

/** The same id is always the same entry, as it is with a meter. */
export const someLedger: fc.Arbitrary<readonly LedgerEntry[]> = fc
  .array(
    fc.record({
      jobId: fc.constantFrom('j-1', 'j-2', 'j-3'),
      region: fc.constantFrom('a', 'b'),
      worker: fc.nat(1),
      attempt: fc.integer({ min: 1, max: 2 }),
      kind: fc.constantFrom('device-seconds' as const, 'wan-bytes' as const, 'storage-byte-seconds' as const),
      purpose: fc.constantFrom(...usagePurposes),
      // Around the turn of a month.
      fromMs: fc.nat(4 * 3_600_000).map((ms) => Date.UTC(2026, 10, 30, 22) + ms),
      lastingMs: fc.oneof(fc.nat(20_000), fc.nat(3 * 3_600_000)),
      quantity: fc.double({ min: 0, max: 1e12, noNaN: true }),
      amountUsd: fc.double({ min: 0, max: 1e4, noNaN: true }),
      catalogHash: fc.constantFrom('c', 'd'),
      leftSeconds: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
    }),
    { maxLength: 40 },
  )
  .map((parts) =>
    parts.map(({ worker, lastingMs, leftSeconds, ...part }, i) => {
      const subject = { 'device-seconds': 'cpu@spot', 'wan-bytes': 'c', 'storage-byte-seconds': 'data' }[part.kind]
      const instanceId = `${part.jobId}/${part.region}/worker-${worker}`
      const left = part.kind === 'device-seconds' && leftSeconds > 0 ? { leftSeconds } : {}
      return anEntry({ ...part, ...left, id: `e-${i}`, subject, instanceId, toMs: part.fromMs + lastingMs })
    }),
  )

/** The ledger with repeats, in any order. */
export function shuffled(entries: readonly LedgerEntry[]): fc.Arbitrary<readonly LedgerEntry[]> {
  return fc.tuple(fc.subarray([...entries]), fc.infiniteStream(fc.double({ noNaN: true }))).map(([again, chance]) =>
    [...entries, ...again]
      .map((entry) => ({ entry, at: chance.next().value }))
      .sort((x, y) => x.at - y.at)
      .map(({ entry }) => entry),
  )
}
