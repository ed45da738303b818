import { describe, expect, test } from 'vitest'
import { decodeCursor } from './lease-cursor.ts'
import { LeaseTable } from './leases.ts'

const settings = { samples: 20, epochs: 2, leaseSamples: 8, stallTimeoutMs: 1000 }

function aTable(): LeaseTable {
  const table = new LeaseTable(settings)
  for (let granted = 0; granted < 4; granted++) table.grant('w', 0)
  table.use(1, 'w', 8, 0)
  table.release('w')
  return table
}

describe('a position in the data', () => {
  test('comes back as it was told, at the start, on the way and at the end', () => {
    const done = new LeaseTable(settings)
    for (let lease = done.grant('w', 0); typeof lease === 'object'; lease = done.grant('w', 0)) {
      done.use(lease.leaseId, 'w', lease.end - lease.start, 0)
    }
    for (const table of [new LeaseTable(settings), aTable(), done]) {
      expect(decodeCursor(JSON.stringify(table.snapshot()), settings)).toEqual(table.snapshot())
    }
  })

  test.each<[string, unknown, string]>([
    ['text', '{', 'cursor is {; it must be the JSON'],
    ['null', 'null', 'cursor is null; it must be an object'],
    ['samples', { samples: 21 }, 'cursor.samples is 21; it must be a whole number from 20 to 20'],
    ['epochs', { epochs: 1 }, 'cursor.epochs is 1'],
    ['next epoch', { nextEpoch: 3 }, 'cursor.nextEpoch is 3; it must be a whole number from 0 to 2'],
    ['next start', { nextStart: -1 }, 'cursor.nextStart is -1'],
    ['next lease', { nextLeaseId: 1.5 }, 'cursor.nextLeaseId is 1.5'],
    ['ranges', { unused: 4 }, 'cursor.unused is 4; it must be a list'],
    ['range', { unused: [null] }, 'cursor.unused[0] is null'],
    ['end of a range', { unused: [{ epoch: 0, start: 0, end: 21 }] }, 'cursor.unused[0].end is 21'],
    ['start of a range', { unused: [{ epoch: 0, start: 5, end: 5 }] }, 'cursor.unused[0].start is 5'],
    ['epoch of a range', { unused: [{ epoch: 2, start: 0, end: 5 }] }, 'cursor.unused[0].epoch is 2'],
  ])('with a wrong %s is refused by its name', (_, change, text) => {
    const cursor =
      typeof change === 'string' ? change : JSON.stringify({ ...aTable().snapshot(), ...(change as object) })
    expect(() => decodeCursor(cursor, settings)).toThrow(text)
  })
})
