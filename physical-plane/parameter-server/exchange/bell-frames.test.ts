import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { decodeAnswer, encodeAnswer, encodeRequest, RequestReader, type BellRequest } from './bell-frames.ts'

const uint32 = fc.nat(2 ** 32 - 1)
const request: fc.Arbitrary<BellRequest> = fc.oneof(
  fc.record({ op: fc.constant('hello' as const), sessionId: fc.stringMatching(/^[0-9a-z-]{1,28}$/) }),
  fc.record({
    op: fc.constant('step' as const),
    leaseId: fc.nat(Number.MAX_SAFE_INTEGER),
    leaseUsed: uint32,
    samples: uint32,
    loss: fc.double(),
    learningRates: fc.array(fc.double(), { maxLength: 64 }),
  }),
  fc.record({ op: fc.constantFrom('pull' as const, 'initial' as const) }),
)

describe('bell frames', () => {
  test('requests come back as they went, in whatever pieces they arrive', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (requests, pieceBytes) => {
        const bytes = Buffer.concat(requests.map(encodeRequest))
        const reader = new RequestReader()
        const found: BellRequest[] = []
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          reader.add(bytes.subarray(at, at + pieceBytes))
          for (let next = reader.next(); next !== null; next = reader.next()) found.push(next)
        }
        expect(found).toEqual(requests)
      }),
    )
  })

  test('answers come back as they went', () => {
    const answer = fc.record({
      status: fc.constantFrom('done' as const, 'lease-lost' as const, 'unknown-session' as const, 'refused' as const),
      version: fc.nat(Number.MAX_SAFE_INTEGER),
      isOver: fc.boolean(),
      text: fc.string({ maxLength: 200 }),
    })
    fc.assert(
      fc.property(answer, fc.nat(), (value, cut) => {
        const bytes = encodeAnswer(value)
        expect(decodeAnswer(bytes)).toEqual({ answer: value, bytes: bytes.length })
        expect(decodeAnswer(bytes.subarray(0, cut % bytes.length))).toBeNull()
      }),
    )
  })

  test('any bytes are a request, not yet one, or a refusal', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc
        .tuple(request, fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 4 }))
        .map(([value, changes]) =>
          changes.reduce((frame, [at, byte]) => frame.fill(byte, at, at + 1), encodeRequest(value)),
        ),
    )
    fc.assert(
      fc.property(bytes, (frame) => {
        expect(['hello', 'step', 'pull', 'initial', 'incomplete', 'refused']).toContain(outcomeOf(frame))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    [0, 'GET ', 'magic is 0x20544547'],
    [4, '\x02\0', 'protocol version 2, this side speaks 1'],
    [6, '\x09\0', 'op 9'],
    [32, '\x41\0\0\0', '65 learning rates'],
  ])('a frame that is wrong at byte %i is refused with what was found', (at, text, message) => {
    const frame = encodeRequest({ op: 'pull' })
    frame.write(text, at, 'latin1')
    const reader = new RequestReader()
    reader.add(frame)
    expect(() => reader.next()).toThrow(message)
  })

  test('a long text is cut to the limit', () => {
    const bytes = encodeAnswer({ status: 'refused', version: 1, isOver: false, text: 'x'.repeat(10_000) })
    expect(decodeAnswer(bytes)?.answer.text).toHaveLength(4096)
  })
})

function outcomeOf(frame: Uint8Array): string {
  const reader = new RequestReader()
  reader.add(frame)
  try {
    return reader.next()?.op ?? 'incomplete'
  } catch (error) {
    return error instanceof CloudlessError ? 'refused' : String(error)
  }
}
