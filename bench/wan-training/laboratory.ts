// Where the runs of one world happen: a local cluster of real processes whose links have the world's rate, and the images
// as the world's regions hold them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '#cli/context.ts'
import { prepareData } from '#cli/demo/data.ts'
import { startCluster, type Cluster } from '#cli/local-cluster/cluster.ts'
import { openServices, type Services } from '#cli/services.ts'
import type { Data } from './job.ts'
import { mbitPerSecond, roundTripMs, type World } from './settings.ts'

export type Laboratory = { readonly services: Services; readonly data: Data; readonly failed: Cluster['failed'] }

export async function inLaboratory<T>(
  context: Context,
  python: string,
  world: World,
  use: (laboratory: Laboratory) => Promise<T>,
): Promise<T> {
  const { clock, environment, signal, output } = context
  const dataset = { dataset: 'fashion-mnist', samples: null } as const
  const split = await prepareData(context, python, { ...dataset, split: world.regions.map(({ share }) => share) })
  const whole = await prepareData(context, python, { ...dataset, split: [1] })
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-bench-'))
  try {
    const cluster = await startCluster({
      folder,
      regions: world.regions.map(({ name }) => name),
      // The first region has room for everybody, for the row in which all data lie there.
      cpuUnits: world.regions.length,
      linkScale: 1,
      linkShape: { mbitPerSecond: mbitPerSecond(world), roundTripMs },
      python,
      environment,
      clock,
      signal,
      note: (text) => output.note(text),
    })
    try {
      using services = openServices(cluster.address, clock)
      return await use({ services, data: { split, whole }, failed: cluster.failed })
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
