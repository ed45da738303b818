// What-ifs about units: other numbers of them, new ones, or none. A number that is set is what is free to this job.
import { classKey, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { ClassUnits, RegionCapacity } from '#control-plane/model/plan-input.ts'
import { isMeant } from '../may-move.ts'
import type { Applied, Question } from './question.ts'
import { fits, nameOf } from './matching.ts'
import { changed, type Change, type WhatIf } from './what-if.ts'

type CapacityChange = Extract<WhatIf, { readonly kind: 'units' | 'gone' }>

/** More is a slip of the finger. */
const unitsMax = 1_000_000

export function changeCapacity(question: Question, whatIf: CapacityChange): Applied {
  const { regions: pattern, device } = whatIf
  const { catalogue, input } = question
  const names = catalogue.regions.map(({ name }) => name).filter((name) => isMeant(pattern, name))
  if (names.length === 0) {
    return `no region of catalogue ${catalogue.version} is meant by ${pattern}; name one, or a beginning such as aws/*`
  }
  if (whatIf.kind === 'gone' && device === null) {
    const capacity = input.capacity.filter(({ region }) => !isMeant(pattern, region))
    if (capacity.length === input.capacity.length) return `${pattern} has no agent, so nothing of it can go`
    return { ...question, input: { ...input, capacity } }
  }
  const change: Change = whatIf.kind === 'units' ? whatIf.change : { kind: 'set', value: 0 }
  const isOfSome = input.capacity.some(
    ({ region, classes }) => isMeant(pattern, region) && classes.some((each) => fits(each, device)),
  )
  if (isOfSome) {
    const capacity = input.capacity.map((each): RegionCapacity => {
      if (!isMeant(pattern, each.region)) return each
      return { ...each, classes: each.classes.map((units) => (fits(units, device) ? withUnits(units, change) : units)) }
    })
    return { ...question, input: { ...input, capacity } }
  }
  const what = device === null ? 'units' : nameOf(device)
  if (whatIf.kind === 'gone' || change.kind === 'times') return `${pattern} has no ${what} now; set a number with =8`
  if (names.length > 1 || names[0] !== pattern) {
    return `${pattern} has no ${what} now; name one region to give it some`
  }
  return { ...question, input: { ...input, capacity: withNew(input.capacity, pattern, whatIf, change.value) } }
}

function withUnits(units: ClassUnits, change: Change): ClassUnits {
  const unitsFree = wholeUnits(changed(units.unitsFree, change))
  return { ...units, unitsFree, unitsTotal: Math.max(unitsFree, wholeUnits(changed(units.unitsTotal, change))) }
}

function wholeUnits(count: number): number {
  return Math.min(unitsMax, Math.floor(count))
}

function withNew(
  capacity: readonly RegionCapacity[],
  region: string,
  { device }: CapacityChange,
  count: number,
): readonly RegionCapacity[] {
  const { deviceModel = '', market = null, zone = '', instanceType = '' } = device ?? {}
  const bought: DeviceClass = { deviceModel, market: market ?? 'on-demand', zone, instanceType }
  const units = { ...bought, unitsFree: wholeUnits(count), unitsTotal: wholeUnits(count) }
  const known = capacity.find((each) => each.region === region)
  const nobody: RegionCapacity = { region, isConnected: true, lastHeartbeatAtMs: 0, classes: [], held: {} }
  const here = known ?? nobody
  const classes = [...here.classes, units].sort((a, b) => (classKey(a) < classKey(b) ? -1 : 1))
  return [...capacity.filter((each) => each.region !== region), { ...here, classes }].sort((a, b) =>
    a.region < b.region ? -1 : 1,
  )
}
