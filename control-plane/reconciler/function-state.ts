// Where a function stands, in one word and one sentence with values.
import type { FunctionRoom } from '#control-plane/model/function-room.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import { troublesShownMax } from './config.ts'
import type { PlaceChanges } from './function-place.ts'

export function standingOfFunction(
  of: InferenceFunction,
  places: readonly PlaceChanges[],
  failed: readonly Instance[],
  nowMs: number,
  room: FunctionRoom,
): Pick<InferenceFunction, 'state' | 'reason'> {
  const counts = places.map(({ region, ready, wanted }) => `${ready} of ${wanted} in ${region}`).join(', ')
  const isEnough = places.length > 0 && places.every(({ ready }) => ready >= of.spec.instancesMin)
  const troubles = [...places.map(({ lacks }) => lacks), ...places.flatMap((place) => place.troubles)]
    .filter((text) => text !== '')
    .slice(0, troublesShownMax)
  const suffix = troubles.map((text) => `; ${text}`).join('')
  if (of.failures > 0) return { state: 'failed', reason: describeFailure(of, failed, nowMs) }
  if (places.length === 0) return { state: 'deploying', reason: describeLack(room.lacks(of.spec)) }
  const outdated = places.reduce((sum, place) => sum + place.outdated, 0)
  const replaced = outdated === 0 ? '' : `; ${outdated} of an older version are replaced one by one`
  const answers = `${counts} instances answer${replaced}`
  return isEnough && outdated === 0
    ? { state: 'ready', reason: answers + suffix }
    : { state: 'deploying', reason: answers + suffix }
}

function describeLack(lacks: readonly string[]): string {
  const more = lacks.length > troublesShownMax ? [`${lacks.length - troublesShownMax} more`] : []
  return ['no region has room for an instance', ...lacks.slice(0, troublesShownMax), ...more].join('; ')
}

/** The sentence of the failure stays while it is waited out: what failed is gone by then. */
function describeFailure(of: InferenceFunction, failed: readonly Instance[], nowMs: number): string {
  const [last] = failed
  if (last === undefined) return of.state === 'failed' ? of.reason : `gave up ${of.failures} times`
  const seconds = Math.max(0, (of.retryAtMs - nowMs) / 1000).toFixed(0)
  return `${last.id} gave up: ${last.reason}; the next one begins in ${seconds} s (failure ${of.failures} in a row)`
}
