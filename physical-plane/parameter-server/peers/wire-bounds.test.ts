// Whatever number a peer puts into a field: it is refused by the field's name, or what uses it can do with it.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PeerStatus as WireStatus, PeerStatus__Output } from '#proto/generated/cloudless/v1/PeerStatus.ts'
import type { UpdateHeader as WireHeader, UpdateHeader__Output } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { codecNames } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { Members } from '../members.ts'
import { aLayout, aTensor } from '../replica/a-layout.ts'
import type { Contribution, PeerStatus, Proposal, RoundPlan } from '../rounds/types.ts'
import { inShares } from '../sync/apply/reduce.ts'
import { plainCodec } from '../sync/codec/create-codec.ts'
import type { UpdateHeader } from '../sync/update.ts'
import { aHeader, aPayload, aStatus, pattern } from './a-peer-side.ts'
import { decodeStatus, encodeStatus } from './status-wire.ts'
import { decodeHeader, encodeHeader } from './update-wire.ts'

const members = new Members(
  'b',
  ['a', 'b', 'c'].map((region) => ({ region, dataShare: 1 / 3 })),
)
const headers = messageDefinition<WireHeader, UpdateHeader__Output>('cloudless.v1.UpdateHeader')
const statuses = messageDefinition<WireStatus, PeerStatus__Output>('cloudless.v1.PeerStatus')
const payload = aPayload(pattern(64))
const float32Max = Math.fround(3.4028234663852886e38)

const anyNumber = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 2, noNaN: true }),
  fc.constantFrom(
    0,
    -0,
    1,
    Number.MAX_VALUE,
    1e300,
    float32Max,
    float32Max * (1 + 2 ** -24),
    Number.MIN_VALUE,
    -1,
    Infinity,
  ),
)

function plan(change: Partial<RoundPlan>): RoundPlan {
  const first = {
    version: 1,
    intervals: { a: 4 },
    codec: 'top-k',
    density: 0.1,
    fragments: 2,
    isFinalNext: false,
  } as const
  return { ...first, reason: '', ...change }
}

function proposal(change: Partial<Proposal>): Proposal {
  const first = { term: 1, round: 1, hub: 'a', members: [], absent: {}, result: null, isFinal: false }
  return { ...first, plan: plan({}), fragment: 0, ...change }
}

function contribution(change: Partial<Contribution>): Contribution {
  const first = {
    id: 1,
    round: 1,
    payload,
    steps: 1,
    samples: 32,
    cursor: '',
    codecError: 0,
    weight: 32,
    planVersion: 1,
  }
  return { ...first, ...change }
}

/** Null where it is refused, which must name the field. */
function headerOf(change: Partial<UpdateHeader>, field: RegExp): UpdateHeader | null {
  const wire = headers.deserialize(headers.serialize(encodeHeader(aHeader(change), 'b')))
  return takenOrNamed(() => decodeHeader(wire, 'a', 'b', members), field)
}

function statusOf(change: Partial<PeerStatus>, field: RegExp): PeerStatus | null {
  const wire = statuses.deserialize(statuses.serialize(encodeStatus(aStatus(change))))
  return takenOrNamed(() => decodeStatus(wire, members), field)
}

function takenOrNamed<T>(decode: () => T, field: RegExp): T | null {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof CloudlessError)) throw error
    for (const violation of error.violations) expect(violation.field).toMatch(field)
    return null
  }
}

describe('in a header', () => {
  test('learning rates are numbers that a kernel can take', () => {
    fc.assert(
      fc.property(anyNumber, (rate) => {
        const isTaken = headerOf({ learningRates: [0.1, rate] }, /^header\.learningRates\[1\]$/) !== null
        expect(isTaken).toBe(Number.isFinite(Math.fround(rate)) && rate >= 0 && rate <= float32Max)
      }),
    )
  })

  test('a mass is at most all there is', () => {
    fc.assert(
      fc.property(anyNumber, (mass) => {
        expect(headerOf({ kind: 'mass', mass }, /^header\.mass$/) !== null).toBe(mass >= 0 && mass <= 1)
      }),
    )
  })

  test('the first parameters are all of the model and exact', () => {
    const layout = aLayout([aTensor({ shape: [2, 3] })])
    const of = (change: object) =>
      headerOf({ kind: 'initial', layout, payload: { ...aPayload(pattern(24)), ...change } }, /^header\.payload/)
    expect(of({})).not.toBeNull()
    expect(of({ elements: 7, bytes: 28 })).toBeNull()
    expect(of({ codec: 'fp16', bytes: 12 })).toBeNull()
  })
})

describe('in a status', () => {
  test('every plan that is taken has codecs', () => {
    fc.assert(
      fc.property(anyNumber, fc.constantFrom(...codecNames), (density, codec) => {
        const status = statusOf({ accepted: proposal({ plan: plan({ density, codec }) }) }, /plan\.density$/)
        expect(status !== null).toBe(density > 0 && density <= 1)
        const taken = status?.accepted?.plan
        expect(taken === undefined || plainCodec(codec, taken.density).encodedBytes(10) > 0).toBe(true)
      }),
    )
  })

  test('all weights that are taken make shares of a whole', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyNumber, fc.nat()), { minLength: 1, maxLength: 3 }), (offers) => {
        const taken = offers.flatMap(([weight, samples], i) => {
          const offered = statusOf(
            { contribution: contribution({ weight, samples }) },
            /contribution\.weight$/,
          )?.contribution
          return offered ? [{ region: 'abc'[i]!, weight: offered.weight }] : []
        })
        const sum = inShares(taken).reduce((total, { weight }) => total + weight, 0)
        expect(taken.length === 0 || Math.abs(sum - 1) < 1e-12).toBe(true)
      }),
    )
  })

  test.each([
    ['its samples', 32, true],
    ['a mass', 0.4, true],
    ['more than its samples', 33, false],
    ['what no job has', 1e300, false],
  ])('a weight of %s', (_, weight, isTaken) => {
    const status = statusOf({ contribution: contribution({ weight }) }, /^status\.contribution\.weight$/)
    expect(status !== null).toBe(isTaken)
  })

  test('the last round is of no fragment', () => {
    expect(statusOf({ accepted: proposal({ isFinal: true }) }, /never/)).not.toBeNull()
    expect(statusOf({ accepted: proposal({ isFinal: true, fragment: 1 }) }, /accepted\.fragment$/)).toBeNull()
  })

  test('a speed is one that a machine can have', () => {
    fc.assert(
      fc.property(anyNumber, (stepsPerSecond) => {
        const isTaken = statusOf({ stepsPerSecond }, /^status\.stepsPerSecond$/) !== null
        expect(isTaken).toBe(stepsPerSecond >= 0 && stepsPerSecond <= 1e9)
      }),
    )
  })
})
