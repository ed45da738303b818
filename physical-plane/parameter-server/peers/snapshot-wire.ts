// What a region needs that lost its disk or was away for too long, between our types and the contract's.
import type {
  StateSnapshot as WireSnapshot,
  StateSnapshot__Output,
} from '#proto/generated/cloudless/v1/StateSnapshot.ts'
import type { Layout } from '../replica/layout.ts'
import { decodeLayout, encodeLayout } from '../replica/layout.ts'
import type { Payload, SnapshotState, StateSnapshot } from '../rounds/types.ts'
import { fragmentsMax, stateBytesMax, vectorNameBytesMax, vectorsMax } from './config.ts'
import { decodePayload, encodePayload } from './payload-wire.ts'
import { decodePlan, encodePlan } from './proposal-wire.ts'
import type { WireChecks } from './wire-checks.ts'

export function encodeSnapshot(snapshot: StateSnapshot): WireSnapshot {
  const { round, term, plan, included, cursors, versions, layout, vectors, state } = snapshot
  return {
    round,
    term,
    plan: plan === null ? null : encodePlan(plan),
    included: { ...included },
    cursors: mapped(cursors, (cursor) => Buffer.from(cursor)),
    versions: { ...versions },
    layout: encodeLayout(layout),
    vectors: mapped(vectors, encodePayload),
    state: Buffer.from(JSON.stringify(state)),
  }
}

export function decodeSnapshot(
  checks: WireChecks,
  field: string,
  wire: StateSnapshot__Output | null,
): StateSnapshot | null {
  if (wire === null) return null
  return {
    round: checks.count(`${field}.round`, wire.round),
    term: checks.count(`${field}.term`, wire.term),
    plan: wire.plan === null ? null : decodePlan(checks, `${field}.plan`, wire.plan),
    included: checks.byRegion(`${field}.included`, wire.included, (at, id) => checks.count(at, id)),
    cursors: checks.byRegion(`${field}.cursors`, wire.cursors, (at, cursor) => checks.utf8(at, cursor)),
    versions: checks.byRegion(`${field}.versions`, wire.versions, (at, seq) => checks.count(at, seq)),
    layout: checks.nested(field, () => decodeLayout(wire.layout)) ?? noLayout,
    vectors: decodeVectors(checks, `${field}.vectors`, wire.vectors),
    state: decodeState(checks, `${field}.state`, wire.state),
  }
}

const noLayout: Layout = { tensors: [], optimiser: { kind: 'sgd', groups: [] } }

function decodeVectors(
  checks: WireChecks,
  field: string,
  wire: StateSnapshot__Output['vectors'],
): Readonly<Record<string, Payload>> {
  const entries = Object.entries(wire)
  if (!checks.list(field, entries, vectorsMax)) return {}
  return Object.fromEntries(
    entries.map(([name, payload]) => {
      const isName = name !== '' && Buffer.byteLength(name) <= vectorNameBytesMax
      checks.that(isName, field, name, `a name of 1 to ${vectorNameBytesMax} bytes`)
      return [name, decodePayload(checks, `${field}.${name.slice(0, vectorNameBytesMax)}`, payload)] as const
    }),
  )
}

function decodeState(checks: WireChecks, field: string, wire: Uint8Array): SnapshotState {
  const { commits, isFinished, askers } = object(checks, field, checks.json(field, wire, stateBytesMax))
  const counts: readonly unknown[] = Array.isArray(commits) ? commits : []
  checks.fact(Array.isArray(commits), `${field}.commits`, typeof commits, 'a list of counts')
  checks.that(typeof isFinished === 'boolean', `${field}.isFinished`, isFinished, 'true or false')
  return {
    commits: checks.list(`${field}.commits`, counts, fragmentsMax)
      ? counts.map((count, at) => checks.count(`${field}.commits[${at}]`, count as number))
      : [],
    isFinished: isFinished === true,
    askers: checks.byRegion(`${field}.askers`, object(checks, `${field}.askers`, askers), (at, incarnation) =>
      checks.count(at, incarnation as number),
    ),
  }
}

function object(checks: WireChecks, field: string, value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  checks.fact(isObject, field, Array.isArray(value) ? 'a list' : String(value), 'an object')
  return isObject ? { ...value } : {}
}

function mapped<From, To>(values: Readonly<Record<string, From>>, to: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]))
}
