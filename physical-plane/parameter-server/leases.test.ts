import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { LeaseTable, type Lease, type LeaseSettings } from './leases.ts'

const settings = (change: Partial<LeaseSettings> = {}): LeaseSettings => ({
  samples: 10,
  epochs: 2,
  leaseSamples: 4,
  stallTimeoutMs: 1_000,
  ...change,
})

describe('leases', () => {
  test('cover each epoch in order, and the next epoch waits for nobody', () => {
    const table = new LeaseTable(settings())
    const ranges = Array.from({ length: 6 }, () => granted(table, 'a')).map(({ epoch, start, end }) => [
      epoch,
      start,
      end,
    ])
    expect(ranges).toEqual([
      [0, 0, 4],
      [0, 4, 8],
      [0, 8, 10],
      [1, 0, 4],
      [1, 4, 8],
      [1, 8, 10],
    ])
    expect(table.grant('b', 0)).toBe('wait')
  })

  test('what a holder leaves unused is handed out before anything new', () => {
    const table = new LeaseTable(settings())
    const first = granted(table, 'a')
    granted(table, 'b')
    expect(table.use(first.leaseId, 'a', 3, 0)).toBe(true)
    expect(table.release('a')).toBe(1)
    expect(granted(table, 'c')).toMatchObject({ epoch: 0, start: 3, end: 4 })
    expect(granted(table, 'c')).toMatchObject({ epoch: 0, start: 8, end: 10 })
    expect(table.release('a')).toBe(0)
  })

  test('neighbouring remainders join into one lease', () => {
    const table = new LeaseTable(settings({ leaseSamples: 2 }))
    for (const holder of ['a', 'b', 'a']) granted(table, holder)
    table.release('a')
    table.release('b')
    expect(table.snapshot().unused).toEqual([{ epoch: 0, start: 0, end: 6 }])
  })

  test('use grows within the lease of its holder, and nothing else is accepted', () => {
    const table = new LeaseTable(settings())
    const { leaseId } = granted(table, 'a')
    expect(table.use(leaseId, 'b', 1, 0)).toBe(false)
    expect(table.use(leaseId + 1, 'a', 1, 0)).toBe(false)
    expect(table.use(leaseId, 'a', 2, 0)).toBe(true)
    for (const used of [2, 1, 0, -1, 5, 2.5, Number.NaN]) expect(table.use(leaseId, 'a', used, 0)).toBe(false)
    expect(table.samplesDone).toBe(2)
    expect(table.use(leaseId, 'a', 4, 0)).toBe(true)
    expect(table.use(leaseId, 'a', 4, 0)).toBe(false)
    expect(table.samplesDone).toBe(4)
  })

  test('none are left once every position is used', () => {
    const table = new LeaseTable(settings({ samples: 3, epochs: 1 }))
    const { leaseId } = granted(table, 'a')
    expect(table.grant('b', 0)).toBe('wait')
    table.use(leaseId, 'a', 3, 0)
    expect(table.isDone).toBe(true)
    expect(table.grant('b', 0)).toBe('none-left')
  })

  test('an epoch is done when its last position is, though later epochs are under way', () => {
    const table = new LeaseTable(settings({ leaseSamples: 10 }))
    const [first, second] = [granted(table, 'a'), granted(table, 'b')]
    table.use(second.leaseId, 'b', 10, 0)
    expect([table.epochsDone, table.epoch]).toEqual([0, 1])
    expect(table.epochOf(first.leaseId)).toBe(0)
    table.use(first.leaseId, 'a', 10, 0)
    expect([table.epochsDone, table.epoch]).toEqual([2, 2])
  })

  test('holders silent for the stall time-out are reported, those that wait or work are not', () => {
    const table = new LeaseTable(settings())
    const { leaseId } = granted(table, 'a')
    granted(table, 'b')
    expect(table.expired(999)).toEqual([])
    table.use(leaseId, 'a', 1, 500)
    expect(table.expired(1_000)).toEqual(['b'])
    table.touch('b', 900)
    expect(table.expired(1_500)).toEqual(['a'])
    table.release('a')
    expect(table.expired(5_000)).toEqual(['b'])
  })

  test('a holder that hoards leases is refused', () => {
    const table = new LeaseTable(settings({ samples: 100, leaseSamples: 1 }))
    for (let count = 0; count < 64; count++) granted(table, 'a')
    expect(() => table.grant('a', 0)).toThrow('a holds 64 leases')
    expect(granted(table, 'b')).toMatchObject({ start: 64 })
  })

  test("another job's checkpoint is refused with both numbers", () => {
    const snapshot = new LeaseTable(settings()).snapshot()
    expect(() => LeaseTable.restore(settings({ samples: 11 }), snapshot)).toThrow(CloudlessError)
    expect(() => LeaseTable.restore(settings({ epochs: 3 }), snapshot)).toThrow('epochs 2 where the job has 3')
  })
})

// A crash loses what was used after the last checkpoint, together with the replica that learnt from it: in the history
// that survives, every position of every epoch is used exactly once.
test('whatever workers and the process do, each position of each epoch is used exactly once', () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('use' as const), holder: fc.nat(3), amount: fc.nat(6) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('grant' as const), holder: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), holder: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('checkpoint' as const, 'crash' as const) }) },
  )
  const sizes = fc.record({
    samples: fc.integer({ min: 1, max: 40 }),
    epochs: fc.integer({ min: 1, max: 4 }),
    leaseSamples: fc.integer({ min: 1, max: 12 }),
  })
  fc.assert(
    fc.property(sizes, fc.array(action, { maxLength: 150 }), (size, actions) => {
      let history = new History(settings(size))
      let saved = history.checkpoint()
      for (const step of actions) {
        if (step.kind === 'use') history.use(`w${step.holder}`, step.amount)
        if (step.kind === 'grant') history.grant(`w${step.holder}`)
        if (step.kind === 'release') history.release(`w${step.holder}`)
        if (step.kind === 'checkpoint') saved = history.checkpoint()
        if (step.kind === 'crash') history = History.restore(settings(size), saved)
        expect(history.table.samplesDone).toBe(history.used.length)
      }
      for (let holder = 0; holder < 4; holder++) history.release(`w${holder}`)
      while (history.grant('last')) history.use('last', size.leaseSamples)
      const everything = Array.from({ length: size.epochs }, (_, epoch) =>
        Array.from({ length: size.samples }, (__, position) => epoch * 1_000 + position),
      ).flat()
      expect([...history.used].sort((a, b) => a - b)).toEqual(everything)
      expect(history.table.isDone).toBe(true)
      expect(history.table.epochsDone).toBe(size.epochs)
    }),
    { numRuns: 300 },
  )
})

type Saved = { readonly text: string; readonly used: readonly number[] }

/** The table together with what its workers did, position by position. */
class History {
  readonly table: LeaseTable
  used: readonly number[]
  readonly #held = new Map<string, { lease: Lease; used: number }[]>()

  constructor(of: LeaseSettings, table = new LeaseTable(of), used: readonly number[] = []) {
    this.table = table
    this.used = used
  }

  static restore(of: LeaseSettings, { text, used }: Saved): History {
    return new History(of, LeaseTable.restore(of, JSON.parse(text)), used)
  }

  checkpoint(): Saved {
    return { text: JSON.stringify(this.table.snapshot()), used: this.used }
  }

  grant(holder: string): boolean {
    const lease = this.table.grant(holder, 0)
    if (typeof lease === 'string') return false
    this.#held.set(holder, [...(this.#held.get(holder) ?? []), { lease, used: 0 }])
    return true
  }

  use(holder: string, amount: number): void {
    const held = this.#held.get(holder)?.[0]
    if (held === undefined) return
    const { leaseId, epoch, start, end } = held.lease
    const used = Math.min(held.used + amount, end - start)
    assert(this.table.use(leaseId, holder, used, 0) === used > held.used, `use of ${used} after ${held.used}`)
    for (let at = start + held.used; at < start + used; at++) this.used = [...this.used, epoch * 1_000 + at]
    held.used = used
    if (used === end - start) this.#held.get(holder)!.shift()
  }

  release(holder: string): void {
    const leases = this.#held.get(holder)?.length ?? 0
    assert(this.table.release(holder) === leases, `${holder} held ${leases} leases`)
    this.#held.delete(holder)
  }
}

function granted(table: LeaseTable, holder: string): Lease {
  const lease = table.grant(holder, 0)
  if (typeof lease === 'string') throw new Error(`no lease: ${lease}`)
  return lease
}
