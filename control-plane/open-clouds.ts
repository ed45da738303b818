// The clouds that this control plane may ask: for prices now and then, and for what lies in a bucket before a job is taken. Their SDKs
// are loaded only where one of that is wanted.
import { adapterIds, type Adapter, type AdapterId } from '#regions/adapter.ts'
import type { AdapterOptions } from '#regions/open-adapter.ts'
import type { ListDataset } from './api/check-datasets.ts'
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
  const listDataset: ListDataset = (scheme, request) =>
    adapters.get(scheme === 's3' ? 'aws' : 'tencent')!.listDataset(request)
  return {
    asked: refresh.clouds.map((id) => adapters.get(id)!),
    ...(checkDatasets ? { listDataset } : {}),
    close: () => {
      for (const adapter of adapters.values()) adapter.close()
    },
  }
}
