// One place of a function: which instances begin there and which may go, from those that are there now.
import type { FunctionRoom } from '#control-plane/model/function-room.ts'
import { shareOn } from '#control-plane/model/gpu-share.ts'
import { wantedIn, type InferenceFunction } from '#control-plane/model/inference.ts'
import { hasEnded, type Instance } from '#control-plane/model/snapshot.ts'

export type PlaceInput = {
  readonly function: InferenceFunction
  readonly region: string
  /** All of the function's, of every place. */
  readonly instances: readonly Instance[]
  readonly room: FunctionRoom
  /** Its agent is there; what it told before counts no more while it is not. */
  readonly isSeen: boolean
  /** False while a failure is waited out. */
  readonly mayBegin: boolean
}

export type PlaceChanges = {
  readonly region: string
  readonly wanted: number
  /** Answer now, of whatever version. */
  readonly ready: number
  /** Run with an older version. */
  readonly outdated: number
  readonly create: readonly Omit<Instance, 'id'>[]
  readonly release: readonly Instance[]
  /** Why what is missing can not begin; '' where it can, or nothing is. */
  readonly lacks: string
  /** What instances that do not answer say of themselves. */
  readonly troubles: readonly string[]
}

/** It is there for requests. */
export function isReady(instance: Instance): boolean {
  return instance.state === 'running' && instance.endpoint !== '' && instance.serving?.isReady === true
}

export function changesIn(input: PlaceInput): PlaceChanges {
  const { function: of, region, instances, isSeen } = input
  const wanted = wantedIn(of, region)
  const here = instances.filter((one) => one.region === region && !one.isReleased && !hasEnded(one))
  const own = here.filter(({ functionVersion }) => functionVersion === of.version)
  const old = here.filter(({ functionVersion }) => functionVersion !== of.version)
  // What was released holds its units until it has ended what it had begun.
  const isFreeing = instances.some((one) => one.region === region && one.isReleased && !hasEnded(one))
  const { create, lacks } = begin(input, wanted, own, old)
  const release = [...surplus(own, wanted), ...replaced(own, old, wanted, lacks !== '' && !isFreeing)]
  const troubles = here.flatMap(({ id, reason }) => (reason === '' ? [] : [`${id}: ${firstLine(reason)}`]))
  const outdated = old.length
  return { region, wanted, outdated, ready: isSeen ? here.filter(isReady).length : 0, create, release, lacks, troubles }
}

/** What is missing begins at once; what replaces others one at a time. */
function begin(
  { function: of, region, room, mayBegin }: PlaceInput,
  wanted: number,
  own: readonly Instance[],
  old: readonly Instance[],
): Pick<PlaceChanges, 'create' | 'lacks'> {
  const missing = Math.max(0, wanted - own.length)
  const isReplacing = own.some((instance) => !isReady(instance))
  const atOnce = Math.max(0, wanted - own.length - old.length)
  const number = old.length === 0 ? missing : Math.max(atOnce, isReplacing ? 0 : Math.min(1, missing))
  const create: Omit<Instance, 'id'>[] = []
  if (!mayBegin) return { create, lacks: '' }
  for (let i = 0; i < number; i++) {
    const taken = room.take(of.spec, region)
    if (taken.kind === 'none') return { create, lacks: taken.because }
    const share = shareOn(taken.deviceClass.deviceModel, of.spec.gpuShare ?? undefined)
    create.push({
      ...taken.deviceClass,
      jobId: of.id,
      region,
      partition: region,
      role: 'inference',
      units: 1,
      ...(share === null ? {} : { gpuShare: share }),
      usdPerUnitHour: taken.usdPerUnitHour,
      state: 'planned',
      attempt: 0,
      reason: '',
      endpoint: '',
      progress: null,
      functionVersion: of.version,
      isReleased: false,
    })
  }
  return { create, lacks: '' }
}

/** Those that do not answer go first, then the newest: the others are warm. */
function surplus(own: readonly Instance[], wanted: number): readonly Instance[] {
  return byUse(own).slice(wanted)
}

/** As many old ones as are wanted beside the new ones that answer; one more where there is no room for a new one. */
function replaced(
  own: readonly Instance[],
  old: readonly Instance[],
  wanted: number,
  /** No room comes unless it is made. */
  isStuck: boolean,
): readonly Instance[] {
  const kept = Math.max(0, wanted - own.filter(isReady).length)
  const going = byUse(old).slice(kept)
  if (going.length > 0 || !isStuck) return going
  return own.every(isReady) ? byUse(old).slice(-1) : []
}

function byUse(instances: readonly Instance[]): readonly Instance[] {
  return instances.toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)) || numberOf(a) - numberOf(b))
}

export function numberOf({ id }: Instance): number {
  return Number(id.slice(id.lastIndexOf('/') + 1))
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
