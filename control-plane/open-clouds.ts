// The clouds that this control plane may ask: for prices now and then, and for what lies in a bucket before a job is taken. Their SDKs
// are loaded only where one of that is wanted.
import { adapterIds, type Adapter, type AdapterId } from '#regions/adapter.ts'
import type { AdapterOptions } from '#regions/open-adapter.ts'
import type { ObjectScheme } from '#regions/cloud/object-address.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { ListDataset } from './api/check-datasets.ts'
import { controlPlaneConfig } from './config.ts'
import type { MainOptions } from './main-options.ts'

export type Clouds = {
  /** To be asked for prices. */
  readonly asked: readonly Adapter[]
  /** Absent where data is not looked at. */
  readonly listDataset?: ListDataset
  close(): void
}

export async function openClouds(
  { refresh, checkDatasets }: Pick<MainOptions, 'refresh' | 'checkDatasets'>,
  options: AdapterOptions,
): Promise<Clouds> {
  if (refresh.clouds.length === 0 && !checkDatasets) return { asked: [], close: () => {} }
  const { openAdapter } = await import('#regions/open-adapter.ts')
  const wanted = checkDatasets ? adapterIds : refresh.clouds
  const adapters = new Map<AdapterId, Adapter>(wanted.map((id) => [id, openAdapter(id, options)]))
  // Looking for credentials that are not there takes ten seconds, which not every job shall wait for.
  const without = new Map<ObjectScheme, { readonly error: CloudlessError; readonly untilMs: number }>()
  const listDataset: ListDataset = async (scheme, request) => {
    const known = without.get(scheme)
    if (known !== undefined && options.clock.now() < known.untilMs) throw known.error
    try {
      return await adapters.get(scheme === 's3' ? 'aws' : 'tencent')!.listDataset(request)
    } catch (error) {
      if (error instanceof CloudlessError && error.reason === 'CLOUD_CREDENTIALS')
        without.set(scheme, { error, untilMs: options.clock.now() + controlPlaneConfig.credentialsRetryMs })
      throw error
    }
  }
  return {
    asked: refresh.clouds.map((id) => adapters.get(id)!),
    ...(checkDatasets ? { listDataset } : {}),
    close: () => {
      for (const adapter of adapters.values()) adapter.close()
    },
  }
}
