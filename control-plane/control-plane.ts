// The control plane put together, without a network: what main.ts serves over gRPC and the simulator joins in memory.
import type { CatalogServiceHandlers } from '#proto/generated/cloudless/v1/CatalogService.ts'
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { FunctionServiceHandlers } from '#proto/generated/cloudless/v1/FunctionService.ts'
import type { JobServiceHandlers } from '#proto/generated/cloudless/v1/JobService.ts'
import type { PipelineServiceHandlers } from '#proto/generated/cloudless/v1/PipelineService.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import type { Random } from '#runtime/random.ts'
import { Fleet } from './agents/fleet.ts'
import { catalogService } from './api/catalog-service.ts'
import type { ListDataset } from './api/check-datasets.ts'
import { costService } from './api/cost-service.ts'
import { functionService } from './api/function-service.ts'
import { jobService } from './api/job-service.ts'
import { pipelineService } from './api/pipeline-service.ts'
import { regionService, type FetchedMark } from './api/region-service.ts'
import { ControlLoop } from './control-loop.ts'
import { collectJobMetrics } from './job-metrics.ts'
import type { ReconcileOptions } from './reconciler/reconcile.ts'
import type { Store } from './store/store.ts'

export type ControlPlaneOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Metrics
  /** Belongs to the caller, who closes it after `stop`. */
  readonly store: Store
  /** In force now. */
  readonly catalogue: () => Catalogue
  /** Parts of it that clouds were asked for; none where nobody asks. */
  readonly fetched?: () => readonly FetchedMark[]
  /** Looks at data in object stores before a job is taken. */
  readonly listDataset?: ListDataset
  readonly config?: ReconcileOptions
}

export type ControlPlane = {
  readonly services: {
    readonly 'cloudless.v1.FunctionService': Implementation<FunctionServiceHandlers>
    readonly 'cloudless.v1.PipelineService': Implementation<PipelineServiceHandlers>
    readonly 'cloudless.v1.JobService': Implementation<JobServiceHandlers>
    readonly 'cloudless.v1.RegionService': Implementation<RegionServiceHandlers>
    readonly 'cloudless.v1.CatalogService': Implementation<CatalogServiceHandlers>
    readonly 'cloudless.v1.CostService': Implementation<CostServiceHandlers>
    readonly 'cloudless.v1.FleetService': Implementation<FleetServiceHandlers>
  }
  start(): void
  /** Ends agents' streams and waits for the loop. */
  stop(): Promise<void>
}

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { clock, store, catalogue } = options
  const fleet = new Fleet(options)
  collectJobMetrics(options.metrics, store, clock)
  const loop = new ControlLoop({
    ...options,
    reconcile: options.config ?? {},
    tell: (desired, revision) => fleet.setDesired(desired, revision),
  })
  const serving = {
    ...options,
    gatewayOf: (region: string) => fleet.gatewayOf(region),
    pipelinesOf: (region: string) => fleet.pipelinesOf(region),
  }
  return {
    services: {
      'cloudless.v1.FunctionService': functionService(serving),
      'cloudless.v1.PipelineService': pipelineService(serving),
      'cloudless.v1.JobService': jobService(options),
      'cloudless.v1.RegionService': regionService({
        store,
        catalogue,
        clock,
        fetched: options.fetched ?? (() => []),
        heardAtMs: (region) => fleet.heardAtMs(region),
        usesOf: (region) => fleet.usesOf(region),
      }),
      'cloudless.v1.CatalogService': catalogService({ store, catalogue }),
      'cloudless.v1.CostService': costService({ store, catalogue, clock }),
      'cloudless.v1.FleetService': fleet.service,
    },
    start: () => {
      fleet.start()
      loop.start()
    },
    stop: async () => {
      fleet.stop()
      await loop.stop()
    },
  }
}
