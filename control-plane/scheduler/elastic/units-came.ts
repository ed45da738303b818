// Units that came free and stayed so for a while, as sentences for the jobs that may use them. Kept by region and class, so
// that a pass over thousands of jobs compares what there is once, and each job only with what came.
import { classNamed } from '#control-plane/model/device-class.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { FreeUnits } from '../free-units.ts'
import { isMeant } from '../may-move.ts'
import { figure } from '../policy.ts'
import { unitsSettleMs } from './config.ts'
import type { ElasticMemory, SeenUnits } from './state.ts'

export type UnitsCame = { readonly region: string; readonly key: string; readonly text: string }

export function unitsThatCame(
  before: ElasticMemory['units'],
  free: FreeUnits,
  nowMs: number,
): { readonly units: ReadonlyMap<string, SeenUnits>; readonly came: readonly UnitsCame[] } {
  const units = new Map<string, SeenUnits>()
  const came: UnitsCame[] = []
  for (const [region, { isConnected, free: here, shared }] of free) {
    if (!isConnected) continue
    for (const [key, whole] of here) {
      const count = shared?.get(key)?.room ?? whole
      const name = `${region} ${key}`
      const known = before === null ? count : (before.get(name)?.known ?? 0)
      const seen = counted({ known, more: before?.get(name)?.more ?? null }, count, nowMs)
      if (seen.known > known)
        came.push({ region, key, text: `${figure(seen.known - known)} ${key} came free in ${region}` })
      units.set(name, seen)
    }
  }
  return { units, came }
}

function counted({ known, more }: SeenUnits, count: number, nowMs: number): SeenUnits {
  if (count <= known) return { known: count, more: null }
  if (more === null) return { known, more: { count, sinceMs: nowMs } }
  const least = Math.min(more.count, count)
  if (nowMs - more.sinceMs < unitsSettleMs) return { known, more: { ...more, count: least } }
  return { known: least, more: count > least ? { count, sinceMs: nowMs } : null }
}

/** Those in places of the job, or where its data may go, of classes that it may use. */
export function mayUse({ shards, resources }: JobSpec, places: ReadonlySet<string>, came: UnitsCame): boolean {
  const { deviceModel, market } = classNamed(came.key)
  const { deviceModels, markets } = resources
  if (!markets.includes(market) || (deviceModels.length > 0 && !deviceModels.includes(deviceModel))) return false
  if (places.has(came.region)) return true
  return shards.some(({ mayMoveTo }) => mayMoveTo.some((pattern) => isMeant(pattern, came.region)))
}
