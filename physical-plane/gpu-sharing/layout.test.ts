import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  claimAt,
  decodeClaim,
  decodeHeader,
  decodeOrder,
  decodeSlot,
  encodeHeader,
  encodeHeartbeat,
  encodeOrder,
  headerBytes,
  headerFields,
  layoutConstants,
  modeNumbers,
  orderLine,
  passOrder,
  slotAt,
  slotFields,
  type Order,
} from './layout.ts'

const anOrder = fc.record<Order>({
  mode: fc.constantFrom('pass', 'tokens', 'stop', 'window'),
  grantedNs: fc.maxSafeNat(),
  memoryLimitBytes: fc.maxSafeNat(),
  segmentsMax: fc.nat(),
  segmentUs: fc.nat(),
  barrierUs: fc.nat(),
  blockMaxUs: fc.nat(),
  openUntilNs: fc.maxSafeNat(),
  yieldsTo: fc.array(fc.integer({ min: 0, max: 254 }), { maxLength: layoutConstants.yields }),
  patienceUs: fc.nat(),
  bubbleUs: fc.nat(),
  windows: fc.array(
    fc.record({ fromNs: fc.maxSafeNat(), untilNs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) }),
    {
      maxLength: layoutConstants.windows,
    },
  ),
  tokenUs: fc.nat(),
})

describe('layout of the shared file', () => {
  test('fields fill their lines without overlap', () => {
    for (const [fields, bytes] of [
      [headerFields, headerBytes],
      [slotFields, layoutConstants.slotBytes],
    ] as const) {
      const taken = new Set<number>()
      for (const field of Object.values(fields) as { at: number; bytes: number; count?: number }[]) {
        const length = field.bytes * (field.count ?? 1)
        expect(field.at % field.bytes).toBe(0)
        // One writer a line: no field crosses one.
        expect(Math.floor(field.at / 64)).toBe(Math.floor((field.at + length - 1) / 64))
        for (let byte = field.at; byte < field.at + length; byte++) {
          expect(taken.has(byte)).toBe(false)
          taken.add(byte)
        }
        expect(field.at + length).toBeLessThanOrEqual(bytes)
      }
    }
    expect(slotAt(0)).toBeGreaterThanOrEqual(claimAt(layoutConstants.slots))
    expect(slotAt(layoutConstants.slots)).toBe(layoutConstants.fileBytes)
  })

  test('an order is read as it was written', () => {
    const line = Buffer.alloc(orderLine.bytes)
    fc.assert(
      fc.property(anOrder, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (order, sequence) => {
        encodeOrder(line, sequence, order)
        expect(decodeOrder(line)).toEqual({ sequence, order })
      }),
    )
    encodeOrder(line, 2, passOrder)
    expect(line).toHaveLength(128)
    expect(line.subarray(4).every((byte) => byte === 0)).toBe(true)
  })

  test('nonsense in an order is brought within its field', () => {
    const line = Buffer.alloc(orderLine.bytes)
    const wild = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 2 ** 64, 1e300))
    fc.assert(
      fc.property(fc.array(wild, { minLength: 8, maxLength: 8 }), fc.array(fc.integer()), (values, yieldsTo) => {
        const [grantedNs, memoryLimitBytes, segmentsMax, segmentUs, barrierUs, blockMaxUs, openUntilNs] = values as [
          number,
          number,
          number,
          number,
          number,
          number,
          number,
        ]
        const numbers = { grantedNs, memoryLimitBytes, segmentsMax, segmentUs, barrierUs, blockMaxUs, openUntilNs }
        const windows = values.map((ns) => ({ fromNs: grantedNs, untilNs: ns }))
        const us = { patienceUs: grantedNs, bubbleUs: grantedNs, tokenUs: grantedNs }
        encodeOrder(line, 0, { mode: 'window', yieldsTo, windows, ...us, ...numbers })
        const read = decodeOrder(line)!.order
        expect(read.windows.length).toBeLessThanOrEqual(layoutConstants.windows)
        for (const peer of read.yieldsTo) expect(peer).toBeLessThan(255)
        for (const value of [read.grantedNs, read.memoryLimitBytes, read.openUntilNs]) {
          expect(value).toBeGreaterThanOrEqual(0)
        }
      }),
    )
    line.writeUInt32LE(9, slotFields.mode.at - orderLine.at)
    expect(decodeOrder(line)).toBeNull()
  })

  test('a header is read as it was written', () => {
    const bytes = encodeHeader('GPU-1', 12_345)
    encodeHeartbeat(bytes.subarray(128, 192), { heartbeatNs: 2 ** 50 + 1, ticks: 7, periodUs: 5000, failOpenMs: 200 })
    expect(decodeHeader(bytes)).toEqual({
      magic: layoutConstants.magic,
      version: 2,
      slots: 256,
      slotBytes: 320,
      fileBytes: 90_112,
      madeAtNs: 12_345,
      deviceId: 'GPU-1',
      heartbeatNs: 2 ** 50 + 1,
      ticks: 7,
      periodUs: 5000,
      failOpenMs: 200,
    })
    expect(decodeHeader(encodeHeader('x'.repeat(200), 0)).deviceId).toBe('x'.repeat(63))
  })

  test('claims and slots of any bytes are decoded without an error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: layoutConstants.slotBytes, maxLength: layoutConstants.slotBytes }),
        (bytes) => {
          const slot = decodeSlot(Buffer.from(bytes), 0)
          expect(Number.isFinite(slot.spentNs)).toBe(true)
          expect(slot.cycleUs).toHaveLength(layoutConstants.cycles)
          decodeClaim(Buffer.from(bytes), 0)
        },
      ),
    )
    const claim = Buffer.alloc(8)
    expect(decodeClaim(claim, 0)).toBeNull()
    claim.writeUInt32LE(4711, 0)
    claim.writeUInt32LE(99, 4)
    expect(decodeClaim(claim, 0)).toEqual({ pid: 4711, startTicks: 99 })
  })

  test('modes are those of the C side', () => {
    expect(modeNumbers).toEqual({ pass: 0, tokens: 1, stop: 2, window: 3 })
  })
})
