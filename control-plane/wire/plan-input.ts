// What a plan is decided on, between wire and model. It comes from a store, from another control plane or from a file that
// somebody wrote, so every figure is checked.
import type { ClassUnits as WireClassUnits } from '#proto/generated/cloudless/v1/ClassUnits.ts'
import type { ClassUnits__Output } from '#proto/generated/cloudless/v1/ClassUnits.ts'
import type { PlanInput as WirePlanInput, PlanInput__Output } from '#proto/generated/cloudless/v1/PlanInput.ts'
import type { RegionCapacity__Output } from '#proto/generated/cloudless/v1/RegionCapacity.ts'
import { markets } from '#regions/catalogue.ts'
import { classKey, classOf } from '#control-plane/model/device-class.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import type { ClassUnits, MeasuredPair, PlanInput, RegionCapacity } from '#control-plane/model/plan-input.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
import { decodeJobSpec, encodeJobSpec } from './job-spec.ts'

export function encodePlanInput(input: PlanInput): WirePlanInput {
  return {
    spec: encodeJobSpec(input.spec),
    decidedAtMs: input.decidedAtMs,
    catalogVersion: input.catalogVersion,
    catalogHash: input.catalogHash,
    capacity: input.capacity.map(({ region, isConnected, lastHeartbeatAtMs, classes, held }) => {
      return { region, connected: isConnected, lastHeartbeatAtMs, classes: classes.map(encodeUnits), held: { ...held } }
    }),
    samplesPerSecond: { ...input.samplesPerSecond },
    modelSize: input.modelSize,
    measuredLinks: input.measuredLinks.map(({ from, to, ...speed }) => ({ fromRegion: from, toRegion: to, ...speed })),
    goingOn: input.goingOn !== undefined,
    profile: input.isProfile === true,
  }
}

function encodeUnits(units: ClassUnits): WireClassUnits {
  return { ...classOf(units), unitsTotal: units.unitsTotal, unitsFree: units.unitsFree }
}

/** Null when its job is missing; other problems are noted. */
export function decodePlanInput(checks: Checks, wire: PlanInput__Output): PlanInput | null {
  const spec = decodeJobSpec(checks, wire.spec)
  if (spec === null) return null
  if (wire.goingOn) checks.note('going_on', 'is set: only the control plane knows what was left; let it decide again')
  const capacity = checks
    .list('capacity', wire.capacity, config.regionsMax)
    .map((each, i) => decodeCapacity(checks, `capacity[${i}]`, each))
  const names = capacity.map(({ region }) => region)
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) checks.note(`capacity[${i}].region`, `is ${name} again; name each region once`)
  }
  return {
    spec,
    decidedAtMs: checks.integer('decided_at_ms', wire.decidedAtMs, { min: 0 }),
    catalogVersion: wire.catalogVersion,
    catalogHash: wire.catalogHash,
    capacity: capacity.toSorted((a, b) => (a.region < b.region ? -1 : 1)),
    samplesPerSecond: decodeSpeeds(checks, wire.samplesPerSecond),
    ...(wire.profile ? { isProfile: true } : {}),
    modelSize: wire.modelSize === null ? null : decodeModelSize(checks, wire.modelSize),
    measuredLinks: checks
      .list('measured_links', wire.measuredLinks, config.measuredLinksMax)
      .map((link, i): MeasuredPair => {
        const field = `measured_links[${i}]`
        return {
          from: checks.name(`${field}.from_region`, link.fromRegion, config.regionCharactersMax),
          to: checks.name(`${field}.to_region`, link.toRegion, config.regionCharactersMax),
          mbitPerSecond: checks.amount(`${field}.mbit_per_second`, link.mbitPerSecond),
          roundTripMs: checks.amount(`${field}.round_trip_ms`, link.roundTripMs),
        }
      }),
  }
}

function decodeCapacity(checks: Checks, field: string, wire: RegionCapacity__Output): RegionCapacity {
  const classes = checks
    .list(`${field}.classes`, wire.classes, config.devicesMax)
    .map((each, i) => decodeUnits(checks, `${field}.classes[${i}]`, each))
  const keys = classes.map(classKey)
  for (const [i, key] of keys.entries()) {
    if (keys.indexOf(key) < i) checks.note(`${field}.classes[${i}]`, `is ${key} again; name each class once`)
  }
  return {
    region: checks.name(`${field}.region`, wire.region, config.regionCharactersMax),
    isConnected: wire.connected,
    lastHeartbeatAtMs: checks.integer(`${field}.last_heartbeat_at_ms`, wire.lastHeartbeatAtMs, { min: 0 }),
    classes: classes.toSorted((a, b) => (classKey(a) < classKey(b) ? -1 : 1)),
    held: wire.held,
  }
}

function decodeUnits(checks: Checks, field: string, wire: ClassUnits__Output): ClassUnits {
  const { unitsTotal, unitsFree } = wire
  if (unitsFree > unitsTotal) checks.note(`${field}.units_free`, `is ${unitsFree}, more than the ${unitsTotal} in all`)
  return {
    deviceModel: checks.name(`${field}.device_model`, wire.deviceModel, config.textCharactersMax),
    market: checks.oneOf(`${field}.market`, wire.market, markets),
    zone: checks.text(`${field}.zone`, wire.zone, config.textCharactersMax),
    instanceType: checks.text(`${field}.instance_type`, wire.instanceType, config.textCharactersMax),
    unitsTotal,
    unitsFree,
  }
}

function decodeSpeeds(checks: Checks, wire: PlanInput__Output['samplesPerSecond']): PlanInput['samplesPerSecond'] {
  const speeds = checks.list('samples_per_second', Object.entries(wire), config.deviceModelsMax)
  for (const [model, value] of speeds) checks.amount(`samples_per_second.${model.slice(0, 80)}`, value)
  return Object.fromEntries(speeds)
}

function decodeModelSize(checks: Checks, wire: NonNullable<PlanInput__Output['modelSize']>): ModelSize {
  return {
    updateBytes: checks.integer('model_size.update_bytes', wire.updateBytes, { min: 1 }),
    samplesPerStep: checks.amount('model_size.samples_per_step', wire.samplesPerStep),
  }
}
