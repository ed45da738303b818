// The services of the contract by their full names, with their generated types. A new service is one line here.
import type { CatalogServiceDefinition, CatalogServiceHandlers } from '../generated/cloudless/v1/CatalogService.ts'
import type { CostServiceDefinition, CostServiceHandlers } from '../generated/cloudless/v1/CostService.ts'
import type { DataServiceDefinition, DataServiceHandlers } from '../generated/cloudless/v1/DataService.ts'
import type { FleetServiceDefinition, FleetServiceHandlers } from '../generated/cloudless/v1/FleetService.ts'
import type { FunctionServiceDefinition, FunctionServiceHandlers } from '../generated/cloudless/v1/FunctionService.ts'
import type { InstanceServiceDefinition, InstanceServiceHandlers } from '../generated/cloudless/v1/InstanceService.ts'
import type { JobServiceDefinition, JobServiceHandlers } from '../generated/cloudless/v1/JobService.ts'
import type { PeerServiceDefinition, PeerServiceHandlers } from '../generated/cloudless/v1/PeerService.ts'
import type { PipelineServiceDefinition, PipelineServiceHandlers } from '../generated/cloudless/v1/PipelineService.ts'
import type { RegionServiceDefinition, RegionServiceHandlers } from '../generated/cloudless/v1/RegionService.ts'
import type { WorkerServiceDefinition, WorkerServiceHandlers } from '../generated/cloudless/v1/WorkerService.ts'

export type Services = {
  'cloudless.v1.CatalogService': { handlers: CatalogServiceHandlers; definition: CatalogServiceDefinition }
  'cloudless.v1.CostService': { handlers: CostServiceHandlers; definition: CostServiceDefinition }
  'cloudless.v1.DataService': { handlers: DataServiceHandlers; definition: DataServiceDefinition }
  'cloudless.v1.FleetService': { handlers: FleetServiceHandlers; definition: FleetServiceDefinition }
  'cloudless.v1.FunctionService': { handlers: FunctionServiceHandlers; definition: FunctionServiceDefinition }
  'cloudless.v1.InstanceService': { handlers: InstanceServiceHandlers; definition: InstanceServiceDefinition }
  'cloudless.v1.JobService': { handlers: JobServiceHandlers; definition: JobServiceDefinition }
  'cloudless.v1.PeerService': { handlers: PeerServiceHandlers; definition: PeerServiceDefinition }
  'cloudless.v1.PipelineService': { handlers: PipelineServiceHandlers; definition: PipelineServiceDefinition }
  'cloudless.v1.RegionService': { handlers: RegionServiceHandlers; definition: RegionServiceDefinition }
  'cloudless.v1.WorkerService': { handlers: WorkerServiceHandlers; definition: WorkerServiceDefinition }
}

export type ServiceName = keyof Services
export type AnyHandlers = Services[ServiceName]['handlers']
