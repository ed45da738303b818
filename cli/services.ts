// The control plane's services as one value with one lifetime.
import { openClient } from '#proto/rpc/client.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import type { CatalogServiceHandlers } from '#proto/generated/cloudless/v1/CatalogService.ts'
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { FunctionServiceHandlers } from '#proto/generated/cloudless/v1/FunctionService.ts'
import type { JobServiceHandlers } from '#proto/generated/cloudless/v1/JobService.ts'
import type { PipelineServiceHandlers } from '#proto/generated/cloudless/v1/PipelineService.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import type { Clock } from '#runtime/clock.ts'
import { waits } from './config.ts'
import { isLoopback } from './server-address.ts'

export type JobClient = RpcClient<JobServiceHandlers>
export type CatalogClient = RpcClient<CatalogServiceHandlers>
export type CostClient = RpcClient<CostServiceHandlers>
export type FunctionClient = RpcClient<FunctionServiceHandlers>
export type PipelineClient = RpcClient<PipelineServiceHandlers>
export type RegionClient = RpcClient<RegionServiceHandlers>

export type Services = {
  readonly address: string
  readonly jobs: JobClient
  readonly catalogs: CatalogClient
  readonly costs: CostClient
  readonly functions: FunctionClient
  readonly pipelines: PipelineClient
  readonly regions: RegionClient
  readonly [Symbol.dispose]: () => void
}

export function openServices(address: string, clock: Clock): Services {
  // A proxy of the environment is for the world outside, never for a cluster on this computer.
  const options = { clock, deadlineMs: waits.unaryDeadlineMs, usesProxy: !isLoopback(address) }
  const jobs = openClient<JobServiceHandlers>('cloudless.v1.JobService', address, options)
  const catalogs = openClient<CatalogServiceHandlers>('cloudless.v1.CatalogService', address, options)
  const costs = openClient<CostServiceHandlers>('cloudless.v1.CostService', address, options)
  const functions = openClient<FunctionServiceHandlers>('cloudless.v1.FunctionService', address, options)
  const pipelines = openClient<PipelineServiceHandlers>('cloudless.v1.PipelineService', address, options)
  const regions = openClient<RegionServiceHandlers>('cloudless.v1.RegionService', address, options)
  return {
    address,
    jobs,
    catalogs,
    costs,
    functions,
    pipelines,
    regions,
    [Symbol.dispose]: () => {
      jobs.close()
      catalogs.close()
      costs.close()
      functions.close()
      pipelines.close()
      regions.close()
    },
  }
}
