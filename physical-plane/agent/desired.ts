// What the control plane wants of this agent, decoded at the border. An instance that cannot be run as asked is refused
// by name and reported as failed; the others are not held up by it.
import type { AddressBook__Output } from '#proto/generated/cloudless/v1/AddressBook.ts'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import type { DesiredState__Output } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { JobSpec__Output } from '#proto/generated/cloudless/v1/JobSpec.ts'

export type DesiredInstance = {
  readonly id: string
  readonly jobId: string
  readonly role: 'parameter-server' | 'worker'
  readonly spec: JobSpec__Output
  readonly region: string
  readonly deviceModel: string
  readonly units: number
  readonly workers: number
  readonly dataShare: number
  readonly drain: boolean
  readonly uploadsModel: boolean
  /** How often its job was resumed: one that ended under a lower number begins again. */
  readonly resumption: number
}

export type Desired = {
  readonly revision: number
  /** Parameter servers first, then in ascending order of id. */
  readonly instances: readonly DesiredInstance[]
  readonly refused: readonly RefusedInstance[]
  readonly addressBooks: readonly AddressBook__Output[]
  /** What this region has of these jobs stays, although nothing of them runs here. */
  readonly keptJobIds: ReadonlySet<string>
}

export type RefusedInstance = Pick<DesiredInstance, 'id' | 'jobId' | 'resumption'> & { readonly reason: string }

export const nothingDesired: Desired = {
  revision: 0,
  instances: [],
  refused: [],
  addressBooks: [],
  keptJobIds: new Set(),
}

export function decodeDesired(state: DesiredState__Output, region: string): Desired {
  const instances: DesiredInstance[] = []
  const refused: RefusedInstance[] = []
  const seen = new Set<string>()
  for (const wire of state.instances) {
    const reason = seen.has(wire.id) ? 'instance.id appears twice' : fault(wire, region)
    seen.add(wire.id)
    const { id, jobId, resumption } = wire
    if (reason !== null) refused.push({ id, jobId, resumption, reason })
    else instances.push(decodeInstance(wire))
  }
  const rank = (instance: DesiredInstance): number => (instance.role === 'parameter-server' ? 0 : 1)
  instances.sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1))
  const { revision, addressBooks, keptJobIds } = state
  return { revision, instances, refused, addressBooks, keptJobIds: new Set(keptJobIds) }
}

function decodeInstance(wire: DesiredInstance__Output): DesiredInstance {
  const { id, jobId, region, deviceModel, units, workers, dataShare, drain, uploadsModel, resumption } = wire
  const role = wire.role === 'INSTANCE_ROLE_WORKER' ? 'worker' : 'parameter-server'
  // `fault` has seen that there is a spec.
  const spec = wire.spec as JobSpec__Output
  return { id, jobId, role, spec, region, deviceModel, units, workers, dataShare, drain, uploadsModel, resumption }
}

function fault(wire: DesiredInstance__Output, region: string): string | null {
  const name = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/
  const isSafeId = wire.id.length <= 200 && wire.id.split('/').every((part) => name.test(part))
  if (!isSafeId) return `instance.id ${JSON.stringify(wire.id)} must be letters, digits, '.', '_', '-' and '/'`
  if (!name.test(wire.jobId) || wire.jobId.length > 100)
    return `instance.job_id ${JSON.stringify(wire.jobId)} must be letters, digits, '.', '_' and '-'`
  if (wire.region !== region) return `instance.region is ${wire.region}, but this agent runs ${region}`
  if (wire.spec === null) return 'instance.spec is missing'
  if (wire.role === 'INSTANCE_ROLE_PARAMETER_SERVER') return null
  if (wire.role !== 'INSTANCE_ROLE_WORKER')
    return `instance.role ${wire.role} is not one this agent knows; update the agent`
  if (wire.spec.function === null) return 'instance.spec.function is missing'
  if (!Number.isInteger(wire.units) || wire.units < 1)
    return `instance.units is ${wire.units}; a worker needs at least 1`
  return null
}
