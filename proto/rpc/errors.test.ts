import { Metadata, status as Code, type ServiceError } from '@grpc/grpc-js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError, type ErrorKind } from '#runtime/errors.ts'
import { errorDetailsBytesMax, errorTextBytesMax } from './config.ts'
import { codeOfKind, decodeDetails, fromWireError, toWireError, type WireError } from './errors.ts'

const kinds = Object.keys(codeOfKind) as ErrorKind[]
const trailerOf = (wire: WireError): Buffer => wire.metadata.get('grpc-status-details-bin')[0] as Buffer

function received(wire: { code: Code; details: string; metadata: Metadata }): ServiceError {
  return Object.assign(new Error(wire.details), wire)
}

describe('errors on the wire', () => {
  test('any error that fits comes back the same', () => {
    const short = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        short.filter((text) => text !== ''),
        short,
        fc.array(fc.record({ field: short, description: short }, { noNullPrototype: true }), { maxLength: 5 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), short, { noNullPrototype: true, maxKeys: 5 }),
        (kind, reason, message, violations, metadata) => {
          const sent = new CloudlessError(kind, reason, message, { violations, metadata })
          const back = fromWireError(received(toWireError(sent)), '127.0.0.1:1', 'S/M')
          expect(back).toMatchObject({ kind, reason, message, violations, metadata })
        },
      ),
    )
  })

  test('no error grows the trailers beyond their limits, and none fails to encode', () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 5_000 })
    fc.assert(
      fc.property(
        anyText,
        fc.array(fc.record({ field: anyText, description: anyText }), { maxLength: 50 }),
        fc.dictionary(fc.string(), anyText, { maxKeys: 10 }),
        (message, violations, metadata) => {
          const wire = toWireError(new CloudlessError('invalid', 'R', message, { violations, metadata }))
          expect(encodeURI(wire.details).length).toBeLessThanOrEqual(errorTextBytesMax)
          expect(trailerOf(wire).length).toBeLessThanOrEqual(errorDetailsBytesMax + errorTextBytesMax)
          expect(decodeDetails(trailerOf(wire)).reason).toBe('R')
        },
      ),
      { numRuns: 50 },
    )
  })

  test('violations that do not fit are counted', () => {
    const violations = Array.from({ length: 500 }, (_, i) => ({ field: `shards[${i}].uri`, description: 'is missing' }))
    const wire = toWireError(new CloudlessError('invalid', 'R', 'many', { violations }))
    const kept = decodeDetails(trailerOf(wire)).violations
    expect(kept[0]).toEqual(violations[0])
    expect(kept.at(-1)?.description).toBe(`and ${500 - (kept.length - 1)} more that did not fit`)
  })

  test('a text that is cut stays readable, whole characters only', () => {
    const wire = toWireError(new CloudlessError('internal', 'R', '🌍'.repeat(2_000)))
    expect(wire.details).toMatch(/^(🌍)+.?…$/u)
  })

  test('no trailer makes the decoder throw or invent a reason of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { reason } = decodeDetails(Buffer.from(bytes))
        expect(reason).toBeNull()
      }),
    )
    expect(decodeDetails(undefined)).toEqual({ reason: null, metadata: {}, violations: [] })
    expect(decodeDetails('text')).toEqual({ reason: null, metadata: {}, violations: [] })
  })

  test('a damaged trailer gives an error all the same', () => {
    const violations = [{ field: 'a', description: 'b' }]
    const wire = toWireError(new CloudlessError('conflict', 'REASON', 'text', { violations, metadata: { k: 'v' } }))
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, change, isCut) => {
        const damaged = Buffer.from(trailerOf(wire))
        damaged[at % damaged.length]! ^= change
        const metadata = new Metadata()
        metadata.set('grpc-status-details-bin', isCut ? damaged.subarray(0, at % damaged.length) : damaged)
        const error = fromWireError(received({ ...wire, metadata }), 'host:1', 'S/M')
        expect(error.kind).toBe('conflict')
        expect(error.message).toContain('text')
      }),
    )
  })

  test.each([
    [Code.UNAVAILABLE, 'unavailable', 'UNAVAILABLE', 'host:1 cannot be reached for S/M: x'],
    [Code.UNIMPLEMENTED, 'internal', 'UNIMPLEMENTED', 'host:1 does not offer S/M'],
    [Code.ABORTED, 'conflict', 'ABORTED', 'S/M at host:1: x'],
    [Code.OUT_OF_RANGE, 'invalid', 'OUT_OF_RANGE', 'S/M at host:1: x'],
    [Code.UNAUTHENTICATED, 'internal', 'UNAUTHENTICATED', 'S/M at host:1: x'],
    [99 as Code, 'internal', 'UNKNOWN', 'S/M at host:1: x'],
  ])('a foreign status %s names address and method', (code, kind, reason, text) => {
    const error = fromWireError(received({ code, details: 'x', metadata: new Metadata() }), 'host:1', 'S/M')
    expect(error).toMatchObject({ kind, reason, metadata: { address: 'host:1', method: 'S/M' } })
    expect(error.message).toContain(text)
  })
})
