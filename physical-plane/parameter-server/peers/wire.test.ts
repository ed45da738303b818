// Headers and statuses across the contract: what is right comes back the same, what is wrong is refused by its field's
// name, and no bytes whatsoever make a decoder do anything else.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PeerStatus as WireStatus, PeerStatus__Output } from '#proto/generated/cloudless/v1/PeerStatus.ts'
import type { UpdateHeader as WireHeader, UpdateHeader__Output } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { Members } from '../members.ts'
import { aLayout, aTensor } from '../replica/a-layout.ts'
import type { Contribution, PeerStatus, Proposal, RoundPlan, StateSnapshot } from '../rounds/types.ts'
import { significantBytesMax, type UpdateHeader } from '../sync/update.ts'
import { aHeader, aPayload, aStatus, pattern } from './a-peer-side.ts'
import { decodeStatus, encodeStatus } from './status-wire.ts'
import { decodeHeader, encodeHeader } from './update-wire.ts'

const members = new Members(
  'b',
  ['a', 'b', 'c'].map((region) => ({ region, dataShare: 1 / 3 })),
)
const headerMessage = messageDefinition<WireHeader, UpdateHeader__Output>('cloudless.v1.UpdateHeader')
const statusMessage = messageDefinition<WireStatus, PeerStatus__Output>('cloudless.v1.PeerStatus')
const payload = aPayload(pattern(64))
const layout = aLayout([aTensor({ shape: [2, 3] })])
const initial = aPayload(pattern(24))
const plan: RoundPlan = {
  version: 3,
  intervals: { a: 10, b: 7 },
  codec: 'int8',
  density: 0.01,
  fragments: 4,
  isFinalNext: false,
  reason: 'the slowest link takes 1.2 s',
}
const proposal: Proposal = {
  term: 2,
  round: 9,
  hub: 'a',
  members: [
    { region: 'a', contributionId: 8, weight: 0.25, payload, cursor: '{"next":1}' },
    { region: 'b', contributionId: 7, weight: 0.75, payload, cursor: '{}' },
  ],
  absent: { c: 'silent for 6 s' },
  result: payload,
  plan,
  isFinal: false,
  fragment: 2,
}
const contribution: Contribution = {
  id: 9,
  round: 10,
  payload,
  steps: 12,
  samples: 384,
  cursor: '{"next":2}',
  codecError: 0.01,
  weight: 384,
  planVersion: 3,
}
const snapshot: StateSnapshot = {
  round: 9,
  term: 2,
  plan,
  included: { a: 8, b: 7 },
  cursors: { a: '{"é":1}' },
  versions: { a: 3 },
  layout,
  vectors: { parameters: payload, 'momentum/0': payload },
  state: { commits: [3, 0], isFinished: false, askers: { c: 41 } },
}
const full: PeerStatus = aStatus({
  incarnation: 123_456_789,
  revision: 77,
  book: { epoch: 5, peers: [{ region: 'a', endpoint: '10.0.0.1:7000', pruned: false }], hub: 'b' },
  term: 2,
  isLeaving: true,
  votedFor: 'a',
  follows: 'c',
  isHub: true,
  isCandidate: true,
  committedRound: 9,
  committedTerm: 2,
  hasBegun: true,
  recent: [{ ...proposal, round: 8, result: null }, proposal],
  accepted: proposal,
  proposed: { ...proposal, isFinal: true, fragment: 0 },
  contribution,
  hasDrained: true,
  stepsPerSecond: 6.5,
  links: [{ fromRegion: 'a', bytesPerSecond: 12_500_000, roundTripMs: 30 }],
  snapshot,
  wantsSnapshot: true,
  firstSeq: 3,
  lastSeq: 5,
  knownFinished: ['c'],
})

function acrossHeader(header: UpdateHeader, change: object = {}): UpdateHeader {
  const wire = headerMessage.deserialize(headerMessage.serialize(encodeHeader(header, 'b')))
  return decodeHeader({ ...wire, ...change }, 'a', 'b', members)
}

function acrossStatus(status: PeerStatus, change: object = {}): PeerStatus {
  const wire = statusMessage.deserialize(statusMessage.serialize(encodeStatus(status)))
  return decodeStatus({ ...wire, ...change }, members)
}

function refusal(decode: () => unknown): CloudlessError {
  try {
    decode()
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('headers', () => {
  test.each<[string, UpdateHeader]>([
    ['a change', aHeader({ learningRates: [0.1, 0.2], basis: { a: 3, c: 9 }, codecError: 0.5, cursor: '{"at":1}' })],
    ['the first parameters', aHeader({ kind: 'initial', layout, payload: initial })],
    ['a model for this region', aHeader({ kind: 'mass', mass: 0.5, targetRegion: 'b' })],
    ['a sparse change', aHeader({ kind: 'significant', payload: { ...payload, bytes: 8, elements: 5000 } })],
  ])('%s comes back the same', (_, header) => {
    expect(acrossHeader(header)).toEqual({ ...header, encoded: undefined })
  })

  test('an update for another region comes without its payload', () => {
    const header = acrossHeader(aHeader({ kind: 'mass', mass: 0.5, targetRegion: 'c' }))
    expect([header.payload, header.targetRegion]).toEqual([null, 'c'])
  })

  test.each<[string, object, RegExp]>([
    ['kind', { kind: 'UPDATE_KIND_UNSPECIFIED' }, /header\.kind: "UPDATE_KIND_UNSPECIFIED" must be one of/],
    ['region', { region: 'c' }, /header\.region: "c" must be a, the region that sent it/],
    ['seq', { seq: 0 }, /header\.seq: 0 must be a whole number from 1/],
    ['huge seq', { seq: 2 ** 60 }, /header\.seq/],
    ['round', { round: -1 }, /header\.round: -1/],
    ['steps', { steps: 1.5 }, /header\.steps: 1.5/],
    ['samples', { samples: Number.NaN }, /header\.samples: NaN/],
    ['mass', { mass: Infinity }, /header\.mass: Infinity must be a finite number/],
    ['learning rate', { learningRates: [0.1, Number.NaN] }, /header\.learningRates\[1\]: NaN/],
    ['learning rates', { learningRates: Array(65).fill(0.1) }, /header\.learningRates: 65 entries must be at most 64/],
    ['basis', { basis: { mars: 1 } }, /header\.basis\["mars"\]: "mars" must be a region/],
    ['basis seq', { basis: { a: -1 } }, /header\.basis\["a"\]: -1/],
    ['target', { targetRegion: 'mars' }, /header\.targetRegion: "mars" must be a region of the job: a, b, c/],
    ['no payload', { payload: null }, /header\.payload: nothing must be a payload/],
    ['payload of another', { targetRegion: 'c' }, /header\.payload: a payload must be absent/],
    ['cursor', { cursor: Buffer.from([0xff, 0xfe]) }, /header\.cursor: 2 bytes must be UTF-8 text/],
    ['long cursor', { cursor: Buffer.alloc(2 ** 20 + 1, 32) }, /header\.cursor: 1048577 bytes must be at most/],
    ['codec error', { codecError: -0.1 }, /header\.codecError: -0.1/],
    ['layout', { kind: 'UPDATE_KIND_INITIAL' }, /header\.layout: initial must be there/],
  ])('a wrong %s is named', (_, change, message) => {
    const error = refusal(() => acrossHeader(aHeader(), change))
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringMatching(message) })
  })

  test('a layout that can not be is named within the header', () => {
    const wire = encodeHeader(aHeader({ kind: 'initial', layout }), 'b').layout
    const tensors = [{ ...layout.tensors[0], length: 7 }]
    const change = { kind: 'UPDATE_KIND_INITIAL', layout: { ...wire, tensors } }
    expect(refusal(() => acrossHeader(aHeader(), change)).message).toMatch(/header\.layout\.tensors\[0\]\.length: 7/)
  })

  test.each<[string, object, RegExp]>([
    ['hash', { sha256: 'ABC' }, /payload\.sha256: "ABC" must be 64/],
    ['codec', { codec: 'zip' }, /payload\.codec: "zip" must be one of fp32, /],
    ['elements', { elements: 0 }, /payload\.elements: 0/],
    ['bytes', { bytes: 2 ** 31 + 1 }, /payload\.bytes: 2147483649/],
    ['length', { bytes: 68 }, /payload\.bytes: 68 must be 64, the length of 16 elements as fp32/],
    ['short sparse', { codec: 'top-k', elements: 5000, bytes: 7 }, /payload\.bytes: 7 must be from 8 to 20000/],
    ['long sparse', { codec: 'sparse-loco', elements: 10, bytes: 64 }, /payload\.bytes: 64 must be from 7 to 27/],
  ])('a payload with a wrong %s is named', (_, change, message) => {
    const error = refusal(() => acrossHeader(aHeader(), { payload: { ...payload, ...change } }))
    expect(error.message).toMatch(message)
  })

  test('a sparse change is no longer than it can be', () => {
    const bytes = significantBytesMax(5000)
    const sparse = (length: number) =>
      aHeader({ kind: 'significant', payload: { ...payload, bytes: length, elements: 5000 } })
    expect(acrossHeader(sparse(bytes)).payload!.bytes).toBe(bytes)
    expect(refusal(() => acrossHeader(sparse(bytes + 1))).message).toMatch(/payload\.bytes/)
  })

  test('every codec has its own length', () => {
    for (const codec of ['fp32', 'fp16', 'bf16', 'int8', 'int4'] as const) {
      const bytes = encodedBytes(codec, 1000, 1)
      const of = (length: number) => aHeader({ payload: { ...payload, codec, bytes: length, elements: 1000 } })
      expect(acrossHeader(of(bytes)).payload!.codec).toBe(codec)
      expect(refusal(() => acrossHeader(of(bytes + 1))).message).toContain(`as ${codec}`)
    }
  })
})

describe('statuses', () => {
  test.each([
    ['with nothing', aStatus()],
    ['with everything', full],
  ])('one %s comes back the same', (_, status) => {
    expect(acrossStatus(status)).toEqual(status)
  })

  const wireProposal = encodeStatus(full).accepted!
  const member = wireProposal.members![0]!
  const peer = { region: 'a', endpoint: '', pruned: false }
  const of = (change: object) => ({ accepted: { ...wireProposal, ...change } })
  const planned = (change: object) => of({ plan: { ...wireProposal.plan, ...change } })
  const offered = (change: object) => ({ contribution: { ...encodeStatus(full).contribution, ...change } })
  const snapped = (change: object) => ({ snapshot: { ...encodeStatus(full).snapshot, ...change } })
  const stated = (change: object) => snapped({ state: Buffer.from(JSON.stringify({ ...snapshot.state, ...change })) })

  test.each<[string, object, RegExp]>([
    ['incarnation', { incarnation: -1 }, /status\.incarnation: -1/],
    ['revision', { revision: 2 ** 63 }, /status\.revision/],
    ['book', { book: { epoch: 1, peers: [{ region: 'x', endpoint: '', pruned: false }] } }, /book\.peers\[0\]\.region/],
    ['book twice', { book: { epoch: 1, peers: [peer, peer] } }, /book\.peers: .*once/],
    ['book size', { book: { epoch: 1, peers: [peer, peer, peer, peer] } }, /at most 3 entries/],
    ['term', { term: Number.NaN }, /status\.term: NaN/],
    ['vote', { votedFor: 'mars' }, /status\.votedFor: "mars"/],
    ['followed', { follows: 'mars' }, /status\.follows: "mars"/],
    ['round', { committedRound: 0.5 }, /status\.committedRound: 0.5/],
    ['steps per second', { stepsPerSecond: -1 }, /status\.stepsPerSecond: -1/],
    ['link', { links: [{ fromRegion: 'mars', mbitPerSecond: 1, roundTripMs: 1 }] }, /links\[0\]\.fromRegion/],
    ['rate', { links: [{ fromRegion: 'a', mbitPerSecond: Infinity, roundTripMs: 1 }] }, /links\[0\]\.mbitPerSecond/],
    ['finished', { knownFinished: ['mars'] }, /status\.knownFinished\[0\]: "mars"/],
    ['order', { recent: [wireProposal, wireProposal] }, /status\.recent: .*ascending order/],
    ['length', { recent: Array(65).fill(wireProposal) }, /status\.recent: 65 entries must be at most 64/],
    ['hub', of({ hub: '' }), /accepted\.hub: "" must be a region/],
    ['fragment', of({ fragment: 4096 }), /accepted\.fragment: 4096/],
    ['members order', of({ members: wireProposal.members!.toReversed() }), /accepted\.members: .*ascending/],
    ['member twice', of({ members: [member, member] }), /accepted\.members: .*each once/],
    ['weights', of({ members: [{ ...member, weight: 0.5 }] }), /accepted\.members: weights that sum to 0.5 must/],
    ['weight', of({ members: [{ ...member, weight: 1.5 }] }), /members\[0\]\.weight: 1.5 must be .* from 0 to 1/],
    ['negative weight', of({ members: [{ ...member, weight: -1 }] }), /members\[0\]\.weight: -1/],
    ['member payload', of({ members: [{ ...member, payload: null }] }), /members\[0\]\.payload: nothing/],
    ['absent', of({ absent: { a: 'both' } }), /accepted\.absent: "a" must be no member/],
    ['reason', of({ absent: { c: 'x'.repeat(2000) } }), /accepted\.absent\["c"\]: .* at most 1024 bytes/],
    ['no plan', of({ plan: null }), /accepted\.plan: nothing must be a plan/],
    ['interval', planned({ intervals: { a: 0 } }), /plan\.intervals\["a"\]: 0 must be a whole number from 1/],
    ['interval of', planned({ intervals: { mars: 5 } }), /plan\.intervals\["mars"\]/],
    ['codec', planned({ codec: 'zip' }), /plan\.codec: "zip"/],
    ['density', planned({ density: 1.5 }), /plan\.density: 1.5 must be above 0 and at most 1/],
    ['fragments', planned({ fragments: 0 }), /plan\.fragments: 0/],
    ['offer', offered({ payload: null }), /contribution\.payload: nothing/],
    ['offer id', offered({ id: -1 }), /contribution\.id: -1/],
    ['offer plan', offered({ planVersion: -1 }), /contribution\.planVersion: -1/],
    ['offer weight', offered({ weight: Number.NaN }), /contribution\.weight: NaN/],
    ['snapshot layout', snapped({ layout: null }), /status\.snapshot\.layout: is missing/],
    ['snapshot state', snapped({ state: Buffer.from('{') }), /snapshot\.state: "\{" must be JSON/],
    ['snapshot without state', snapped({ state: Buffer.alloc(0) }), /snapshot\.state: null must be an object/],
    ['snapshot state of a list', snapped({ state: Buffer.from('[]') }), /snapshot\.state: a list must be an object/],
    ['list of commits', stated({ commits: 3 }), /snapshot\.state\.commits: number must be a list/],
    ['commit count', stated({ commits: [1, '2'] }), /state\.commits\[1\]: "2" must be a whole number/],
    ['length of commits', stated({ commits: Array(4097).fill(1) }), /state\.commits: 4097 entries must be at most/],
    ['end', stated({ isFinished: 1 }), /snapshot\.state\.isFinished: 1 must be true or false/],
    ['map of askers', stated({ askers: null }), /snapshot\.state\.askers: null must be an object/],
    ['asker', stated({ askers: { mars: 1 } }), /state\.askers\["mars"\]: "mars" must be a region/],
    ['incarnation of an asker', stated({ askers: { a: -1 } }), /state\.askers\["a"\]: -1 must be a whole number/],
    ['snapshot vector', snapped({ vectors: { '': payload } }), /snapshot\.vectors: "" must be a name/],
    ['vector payload', snapped({ vectors: { m: { ...payload, bytes: 1 } } }), /snapshot\.vectors\.m\.bytes: 1/],
    ['snapshot region', snapped({ included: { mars: 1 } }), /snapshot\.included\["mars"\]/],
    ['snapshot cursor', snapped({ cursors: { a: Buffer.from([0xc0]) } }), /snapshot\.cursors\["a"\]/],
  ])('a wrong %s is named', (_, change, message) => {
    const error = refusal(() => acrossStatus(full, change))
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringMatching(message) })
  })

  test('a refusal stays short whatever it is about', () => {
    const links = Array.from({ length: 3 }, () => ({
      fromRegion: 'x'.repeat(100_000),
      mbitPerSecond: -1,
      roundTripMs: -1,
    }))
    const error = refusal(() => acrossStatus(full, { links, votedFor: 'y'.repeat(100_000) }))
    expect(error.message.length).toBeLessThan(4000)
    expect(error.violations.length).toBeLessThanOrEqual(8)
  })
})

describe('whatever bytes come', () => {
  const headers = [aHeader(), aHeader({ kind: 'initial', layout, payload: initial })].map((header) =>
    encodeHeader(header, 'b'),
  )
  const messages = [
    ...headers.map((wire) => ({ bytes: headerMessage.serialize(wire), decode: takeHeader })),
    { bytes: statusMessage.serialize(encodeStatus(full)), decode: takeStatus },
  ]

  function takeHeader(bytes: Buffer): void {
    const wire = parsed(() => headerMessage.deserialize(bytes))
    if (wire !== null) decodeHeader(wire, 'a', 'b', members)
  }

  function takeStatus(bytes: Buffer): void {
    const wire = parsed(() => statusMessage.deserialize(bytes))
    if (wire !== null) decodeStatus(wire, members)
  }

  /** Protobuf may fail on bytes, which ends a call; our decoders only refuse. */
  function parsed<Wire>(parse: () => Wire): Wire | null {
    try {
      return parse()
    } catch {
      return null
    }
  }

  function isTakenOrRefused(decode: (bytes: Buffer) => void, bytes: Buffer): boolean {
    try {
      decode(bytes)
      return true
    } catch (error) {
      return error instanceof CloudlessError && error.kind === 'invalid' && error.violations.length > 0
    }
  }

  test('bytes that were changed are taken or refused', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.constantFrom(...messages), changes, fc.nat({ max: 40 }), ({ bytes, decode }, changed, lost) => {
        const spoilt = Buffer.from(bytes.subarray(0, bytes.length - Math.min(lost, bytes.length)))
        for (const { at, byte } of changed) if (spoilt.length > 0) spoilt[at % spoilt.length] = byte
        expect(isTakenOrRefused(decode, spoilt)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('random bytes are taken or refused', () => {
    fc.assert(
      fc.property(fc.constantFrom(takeHeader, takeStatus), fc.uint8Array({ maxLength: 200 }), (decode, bytes) => {
        expect(isTakenOrRefused(decode, Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('any values in any field are taken or refused', () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-1, 2 ** 53, 2 ** 63, Number.NaN))
    const value = fc.oneof(number, fc.string(), fc.constantFrom('__proto__', 'constructor', 'a', '', 'toString'))
    const wireHeader = headerMessage.deserialize(messages[0]!.bytes)
    const wireStatus = statusMessage.deserialize(messages[2]!.bytes)
    const edited = (whole: object) =>
      fc.record({ path: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), value }).map((edit) => edits(whole, edit))
    fc.assert(
      fc.property(edited(wireHeader), edited(wireStatus), (header, status) => {
        expect(isTakenOrRefused(() => decodeHeader(header as UpdateHeader__Output, 'a', 'b', members), empty)).toBe(
          true,
        )
        expect(isTakenOrRefused(() => decodeStatus(status as PeerStatus__Output, members), empty)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  const empty = Buffer.alloc(0)

  /** The object with one leaf of the same type replaced; keys of maps may be replaced, too. */
  function edits(
    whole: unknown,
    { path, value }: { readonly path: readonly number[]; readonly value: unknown },
  ): unknown {
    if (typeof whole !== 'object' || whole === null || whole instanceof Uint8Array) {
      return typeof whole === typeof value ? value : whole
    }
    const [at = 0, ...rest] = path
    const keys = Object.keys(whole)
    if (keys.length === 0) return whole
    const key = keys[at % keys.length]!
    const changed = edits((whole as Record<string, unknown>)[key], { path: rest, value })
    if (Array.isArray(whole)) return whole.map((entry, index) => (String(index) === key ? changed : (entry as unknown)))
    return { ...whole, [key]: changed }
  }
})
