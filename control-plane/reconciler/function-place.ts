// One place of a function: which instances begin there and which may go, from those that are there now.
import type { FunctionRoom } from '#control-plane/model/function-room.ts'
import type { Resized } from '#control-plane/model/actions.ts'
import { partOfWhole, shareOn, type GpuShare } from '#control-plane/model/gpu-share.ts'
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
  readonly resize: readonly Resized[]
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
  const release = [
    ...surplus(own, wanted, of.wishes?.[region]?.removed ?? []),
    ...replaced(own, old, wanted, lacks !== '' && !isFreeing),
  ]
  const troubles = here.flatMap(({ id, reason }) => (reason === '' ? [] : [`${id}: ${firstLine(reason)}`]))
  const outdated = old.length
  const ready = isSeen ? here.filter(isReady).length : 0
  const staying = own.filter((one) => !release.includes(one))
  const resize = resized(input, staying)
  return { region, wanted, outdated, ready, create, release, resize, lacks, troubles }
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
    const spec = { ...of.spec, gpuShare: shareOfNew(of, region, own, i) }
    const taken = room.take(spec, region)
    if (taken.kind === 'none') return { create, lacks: taken.because }
    const share = shareOn(taken.deviceClass.deviceModel, spec.gpuShare ?? undefined)
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

/**
 * What its agent wishes for the i-th one that is to begin, of which some may have begun since it said so; what its file says where it wished
 * for nothing. The memory is always its file's: models do not shrink.
 */
function shareOfNew(of: InferenceFunction, region: string, own: readonly Instance[], i: number): GpuShare | null {
  const { gpuShare } = of.spec
  const wish = of.wishes?.[region]
  if (gpuShare === null || wish === undefined) return gpuShare
  const begun = own.filter(({ id }) => !(id in wish.shares) && !wish.removed.includes(id)).length
  return withMemory(wish.added[begun + i] ?? gpuShare, gpuShare)
}

function withMemory(share: GpuShare, { memoryBytes }: GpuShare): GpuShare {
  return { ...share, memoryBytes }
}

/**
 * Shares that are wished for and fit beside the others of their GPUs; what shrinks makes room for what grows. Multiprocessors are
 * given to a process for its life, so of one that runs its time on them alone changes.
 */
function resized({ function: of, region, room, isSeen }: PlaceInput, own: readonly Instance[]): readonly Resized[] {
  const wish = of.wishes?.[region]
  if (wish === undefined || !isSeen) return []
  const asked = own.flatMap((instance) => {
    const [before, share] = [instance.gpuShare, wish.shares[instance.id]]
    if (before === undefined || share === undefined) return []
    if (before.requestMilli === share.requestMilli && before.limitMilli === share.limitMilli) return []
    const { requestMilli, limitMilli } = share
    return [{ instance, before, gpuShare: { ...before, requestMilli, limitMilli } }]
  })
  const growth = ({ before, gpuShare }: (typeof asked)[number]): number => gpuShare.requestMilli - before.requestMilli
  return asked
    .toSorted((a, b) => growth(a) - growth(b))
    .flatMap(({ instance, before, gpuShare }) => {
      if (!room.resize(instance, gpuShare)) return []
      const usdPerUnitHour = (instance.usdPerUnitHour * partOfWhole(gpuShare)) / partOfWhole(before)
      return [{ id: instance.id, gpuShare, usdPerUnitHour }]
    })
}

/** Those that are not wished for go first, then those that do not answer, then the newest: the others are warm. */
function surplus(own: readonly Instance[], wanted: number, removed: readonly string[]): readonly Instance[] {
  const ordered = byUse(own).toSorted((a, b) => Number(removed.includes(a.id)) - Number(removed.includes(b.id)))
  return ordered.slice(wanted)
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
