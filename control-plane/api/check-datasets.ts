// Data in object stores is looked at before a job is taken: a bucket that can not be listed, has nothing there or lies in another
// region would fail the job an hour later, or make it pay for bytes that nobody planned. Where the control plane has no
// credentials of a cloud, nothing is said about its data.
import type { Dataset, DatasetRequest } from '#regions/adapter.ts'
import { readObjectAddress, type ObjectScheme } from '#regions/cloud/object-address.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Checks } from '#control-plane/wire/checks.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { apiConfig } from './config.ts'

export type ListDataset = (scheme: ObjectScheme, request: DatasetRequest) => Promise<Dataset>

export type DatasetContext = {
  /** Absent where data is not looked at. */
  readonly listDataset?: ListDataset
  readonly clock: Clock
  readonly log: Log
}

type Placed = { readonly field: string; readonly region: string; readonly uri: string; readonly scheme: ObjectScheme }

export async function checkDatasets(checks: Checks, spec: JobSpec, context: DatasetContext): Promise<void> {
  const { listDataset, clock } = context
  const placed = inObjectStores(spec)
  if (listDataset === undefined || placed.length === 0) return
  const late = new AbortController()
  const timer = clock.after(apiConfig.datasetsDeadlineMs, () => late.abort())
  try {
    const looked = placed.slice(0, apiConfig.datasetsMax)
    const found = await Promise.all(looked.map((each) => wrongWith(each, listDataset, context, late.signal)))
    for (const [i, because] of found.entries()) if (because !== null) checks.note(looked[i]!.field, because)
  } finally {
    timer.cancel()
    late.abort()
  }
}

function inObjectStores({ shards, holdout }: JobSpec): readonly Placed[] {
  const named = [
    ...shards.map((shard, i) => ({ ...shard, field: `spec.shards[${i}].uri` })),
    ...(holdout === null ? [] : [{ ...holdout, field: 'spec.holdout.uri' }]),
  ]
  return named.flatMap(({ field, region, uri }) => {
    const read = readObjectAddress(uri)
    return read.kind === 'address' ? [{ field, region, uri, scheme: read.address.scheme }] : []
  })
}

/** Null where it is as the job says, or nobody can tell. */
async function wrongWith(
  { field, region, uri, scheme }: Placed,
  listDataset: ListDataset,
  { log }: DatasetContext,
  signal: AbortSignal,
): Promise<string | null> {
  const shown = JSON.stringify(uri.slice(0, 120))
  try {
    const found = await listDataset(scheme, { uri, region, untilFound: true, signal })
    if (found.region !== region)
      return `${shown} lies in ${found.region}; write that as its region, or copy the data to ${region}`
    return found.objects === 0 ? `${shown} has no objects; correct the prefix, or put the data there` : null
  } catch (error) {
    if (!(error instanceof CloudlessError)) throw error
    if (error.reason === 'CLOUD_MISSING' || error.reason === 'CLOUD_REFUSED')
      return `${shown} can not be listed: ${error.message}`
    if (error.reason === 'CLOUD_CREDENTIALS') {
      log.warn({ field, error: error.message }, 'data not looked at')
      return null
    }
    const why = signal.aborted ? `no answer within ${apiConfig.datasetsDeadlineMs / 1000} s` : error.message
    throw new CloudlessError('unavailable', 'DATA_NOT_LISTED', `${field}: ${shown} could not be listed: ${why}`)
  }
}
