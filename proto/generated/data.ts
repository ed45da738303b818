import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AddressBook as _cloudless_v1_AddressBook, AddressBook__Output as _cloudless_v1_AddressBook__Output } from './cloudless/v1/AddressBook.ts';
import type { AgentHello as _cloudless_v1_AgentHello, AgentHello__Output as _cloudless_v1_AgentHello__Output } from './cloudless/v1/AgentHello.ts';
import type { AgentWelcome as _cloudless_v1_AgentWelcome, AgentWelcome__Output as _cloudless_v1_AgentWelcome__Output } from './cloudless/v1/AgentWelcome.ts';
import type { Allocation as _cloudless_v1_Allocation, Allocation__Output as _cloudless_v1_Allocation__Output } from './cloudless/v1/Allocation.ts';
import type { Alternative as _cloudless_v1_Alternative, Alternative__Output as _cloudless_v1_Alternative__Output } from './cloudless/v1/Alternative.ts';
import type { Bound as _cloudless_v1_Bound, Bound__Output as _cloudless_v1_Bound__Output } from './cloudless/v1/Bound.ts';
import type { BudgetSpec as _cloudless_v1_BudgetSpec, BudgetSpec__Output as _cloudless_v1_BudgetSpec__Output } from './cloudless/v1/BudgetSpec.ts';
import type { CancelJobRequest as _cloudless_v1_CancelJobRequest, CancelJobRequest__Output as _cloudless_v1_CancelJobRequest__Output } from './cloudless/v1/CancelJobRequest.ts';
import type { CancelJobResponse as _cloudless_v1_CancelJobResponse, CancelJobResponse__Output as _cloudless_v1_CancelJobResponse__Output } from './cloudless/v1/CancelJobResponse.ts';
import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from './cloudless/v1/Chunk.ts';
import type { ClassUnits as _cloudless_v1_ClassUnits, ClassUnits__Output as _cloudless_v1_ClassUnits__Output } from './cloudless/v1/ClassUnits.ts';
import type { Comparison as _cloudless_v1_Comparison, Comparison__Output as _cloudless_v1_Comparison__Output } from './cloudless/v1/Comparison.ts';
import type { ConnectRequest as _cloudless_v1_ConnectRequest, ConnectRequest__Output as _cloudless_v1_ConnectRequest__Output } from './cloudless/v1/ConnectRequest.ts';
import type { ConnectResponse as _cloudless_v1_ConnectResponse, ConnectResponse__Output as _cloudless_v1_ConnectResponse__Output } from './cloudless/v1/ConnectResponse.ts';
import type { Contribution as _cloudless_v1_Contribution, Contribution__Output as _cloudless_v1_Contribution__Output } from './cloudless/v1/Contribution.ts';
import type { CostAmounts as _cloudless_v1_CostAmounts, CostAmounts__Output as _cloudless_v1_CostAmounts__Output } from './cloudless/v1/CostAmounts.ts';
import type { CostGroup as _cloudless_v1_CostGroup, CostGroup__Output as _cloudless_v1_CostGroup__Output } from './cloudless/v1/CostGroup.ts';
import type { CostPoint as _cloudless_v1_CostPoint, CostPoint__Output as _cloudless_v1_CostPoint__Output } from './cloudless/v1/CostPoint.ts';
import type { CostReport as _cloudless_v1_CostReport, CostReport__Output as _cloudless_v1_CostReport__Output } from './cloudless/v1/CostReport.ts';
import type { CostServiceClient as _cloudless_v1_CostServiceClient, CostServiceDefinition as _cloudless_v1_CostServiceDefinition } from './cloudless/v1/CostService.ts';
import type { Costs as _cloudless_v1_Costs, Costs__Output as _cloudless_v1_Costs__Output } from './cloudless/v1/Costs.ts';
import type { Counterfactual as _cloudless_v1_Counterfactual, Counterfactual__Output as _cloudless_v1_Counterfactual__Output } from './cloudless/v1/Counterfactual.ts';
import type { CreateJobRequest as _cloudless_v1_CreateJobRequest, CreateJobRequest__Output as _cloudless_v1_CreateJobRequest__Output } from './cloudless/v1/CreateJobRequest.ts';
import type { CreateJobResponse as _cloudless_v1_CreateJobResponse, CreateJobResponse__Output as _cloudless_v1_CreateJobResponse__Output } from './cloudless/v1/CreateJobResponse.ts';
import type { DataBlocks as _cloudless_v1_DataBlocks, DataBlocks__Output as _cloudless_v1_DataBlocks__Output } from './cloudless/v1/DataBlocks.ts';
import type { DataEndpoint as _cloudless_v1_DataEndpoint, DataEndpoint__Output as _cloudless_v1_DataEndpoint__Output } from './cloudless/v1/DataEndpoint.ts';
import type { DataServiceClient as _cloudless_v1_DataServiceClient, DataServiceDefinition as _cloudless_v1_DataServiceDefinition } from './cloudless/v1/DataService.ts';
import type { DataTotals as _cloudless_v1_DataTotals, DataTotals__Output as _cloudless_v1_DataTotals__Output } from './cloudless/v1/DataTotals.ts';
import type { DeleteFunctionRequest as _cloudless_v1_DeleteFunctionRequest, DeleteFunctionRequest__Output as _cloudless_v1_DeleteFunctionRequest__Output } from './cloudless/v1/DeleteFunctionRequest.ts';
import type { DeleteFunctionResponse as _cloudless_v1_DeleteFunctionResponse, DeleteFunctionResponse__Output as _cloudless_v1_DeleteFunctionResponse__Output } from './cloudless/v1/DeleteFunctionResponse.ts';
import type { DeletePipelineRequest as _cloudless_v1_DeletePipelineRequest, DeletePipelineRequest__Output as _cloudless_v1_DeletePipelineRequest__Output } from './cloudless/v1/DeletePipelineRequest.ts';
import type { DeletePipelineResponse as _cloudless_v1_DeletePipelineResponse, DeletePipelineResponse__Output as _cloudless_v1_DeletePipelineResponse__Output } from './cloudless/v1/DeletePipelineResponse.ts';
import type { DeployFunctionRequest as _cloudless_v1_DeployFunctionRequest, DeployFunctionRequest__Output as _cloudless_v1_DeployFunctionRequest__Output } from './cloudless/v1/DeployFunctionRequest.ts';
import type { DeployFunctionResponse as _cloudless_v1_DeployFunctionResponse, DeployFunctionResponse__Output as _cloudless_v1_DeployFunctionResponse__Output } from './cloudless/v1/DeployFunctionResponse.ts';
import type { DeployPipelineRequest as _cloudless_v1_DeployPipelineRequest, DeployPipelineRequest__Output as _cloudless_v1_DeployPipelineRequest__Output } from './cloudless/v1/DeployPipelineRequest.ts';
import type { DeployPipelineResponse as _cloudless_v1_DeployPipelineResponse, DeployPipelineResponse__Output as _cloudless_v1_DeployPipelineResponse__Output } from './cloudless/v1/DeployPipelineResponse.ts';
import type { DesiredInstance as _cloudless_v1_DesiredInstance, DesiredInstance__Output as _cloudless_v1_DesiredInstance__Output } from './cloudless/v1/DesiredInstance.ts';
import type { DesiredState as _cloudless_v1_DesiredState, DesiredState__Output as _cloudless_v1_DesiredState__Output } from './cloudless/v1/DesiredState.ts';
import type { Device as _cloudless_v1_Device, Device__Output as _cloudless_v1_Device__Output } from './cloudless/v1/Device.ts';
import type { DeviceUse as _cloudless_v1_DeviceUse, DeviceUse__Output as _cloudless_v1_DeviceUse__Output } from './cloudless/v1/DeviceUse.ts';
import type { DownloadModelRequest as _cloudless_v1_DownloadModelRequest, DownloadModelRequest__Output as _cloudless_v1_DownloadModelRequest__Output } from './cloudless/v1/DownloadModelRequest.ts';
import type { DownloadModelResponse as _cloudless_v1_DownloadModelResponse, DownloadModelResponse__Output as _cloudless_v1_DownloadModelResponse__Output } from './cloudless/v1/DownloadModelResponse.ts';
import type { Evaluation as _cloudless_v1_Evaluation, Evaluation__Output as _cloudless_v1_Evaluation__Output } from './cloudless/v1/Evaluation.ts';
import type { Exchange as _cloudless_v1_Exchange, Exchange__Output as _cloudless_v1_Exchange__Output } from './cloudless/v1/Exchange.ts';
import type { ExchangeRate as _cloudless_v1_ExchangeRate, ExchangeRate__Output as _cloudless_v1_ExchangeRate__Output } from './cloudless/v1/ExchangeRate.ts';
import type { FetchBundleRequest as _cloudless_v1_FetchBundleRequest, FetchBundleRequest__Output as _cloudless_v1_FetchBundleRequest__Output } from './cloudless/v1/FetchBundleRequest.ts';
import type { FetchBundleResponse as _cloudless_v1_FetchBundleResponse, FetchBundleResponse__Output as _cloudless_v1_FetchBundleResponse__Output } from './cloudless/v1/FetchBundleResponse.ts';
import type { FetchRequest as _cloudless_v1_FetchRequest, FetchRequest__Output as _cloudless_v1_FetchRequest__Output } from './cloudless/v1/FetchRequest.ts';
import type { FetchResponse as _cloudless_v1_FetchResponse, FetchResponse__Output as _cloudless_v1_FetchResponse__Output } from './cloudless/v1/FetchResponse.ts';
import type { FleetServiceClient as _cloudless_v1_FleetServiceClient, FleetServiceDefinition as _cloudless_v1_FleetServiceDefinition } from './cloudless/v1/FleetService.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from './cloudless/v1/Forecast.ts';
import type { Function as _cloudless_v1_Function, Function__Output as _cloudless_v1_Function__Output } from './cloudless/v1/Function.ts';
import type { FunctionInstance as _cloudless_v1_FunctionInstance, FunctionInstance__Output as _cloudless_v1_FunctionInstance__Output } from './cloudless/v1/FunctionInstance.ts';
import type { FunctionServiceClient as _cloudless_v1_FunctionServiceClient, FunctionServiceDefinition as _cloudless_v1_FunctionServiceDefinition } from './cloudless/v1/FunctionService.ts';
import type { FunctionSpec as _cloudless_v1_FunctionSpec, FunctionSpec__Output as _cloudless_v1_FunctionSpec__Output } from './cloudless/v1/FunctionSpec.ts';
import type { FunctionWish as _cloudless_v1_FunctionWish, FunctionWish__Output as _cloudless_v1_FunctionWish__Output } from './cloudless/v1/FunctionWish.ts';
import type { GatewayEndpoint as _cloudless_v1_GatewayEndpoint, GatewayEndpoint__Output as _cloudless_v1_GatewayEndpoint__Output } from './cloudless/v1/GatewayEndpoint.ts';
import type { GetCostsRequest as _cloudless_v1_GetCostsRequest, GetCostsRequest__Output as _cloudless_v1_GetCostsRequest__Output } from './cloudless/v1/GetCostsRequest.ts';
import type { GetCostsResponse as _cloudless_v1_GetCostsResponse, GetCostsResponse__Output as _cloudless_v1_GetCostsResponse__Output } from './cloudless/v1/GetCostsResponse.ts';
import type { GetFunctionRequest as _cloudless_v1_GetFunctionRequest, GetFunctionRequest__Output as _cloudless_v1_GetFunctionRequest__Output } from './cloudless/v1/GetFunctionRequest.ts';
import type { GetFunctionResponse as _cloudless_v1_GetFunctionResponse, GetFunctionResponse__Output as _cloudless_v1_GetFunctionResponse__Output } from './cloudless/v1/GetFunctionResponse.ts';
import type { GetJobCostRequest as _cloudless_v1_GetJobCostRequest, GetJobCostRequest__Output as _cloudless_v1_GetJobCostRequest__Output } from './cloudless/v1/GetJobCostRequest.ts';
import type { GetJobCostResponse as _cloudless_v1_GetJobCostResponse, GetJobCostResponse__Output as _cloudless_v1_GetJobCostResponse__Output } from './cloudless/v1/GetJobCostResponse.ts';
import type { GetJobRequest as _cloudless_v1_GetJobRequest, GetJobRequest__Output as _cloudless_v1_GetJobRequest__Output } from './cloudless/v1/GetJobRequest.ts';
import type { GetJobResponse as _cloudless_v1_GetJobResponse, GetJobResponse__Output as _cloudless_v1_GetJobResponse__Output } from './cloudless/v1/GetJobResponse.ts';
import type { GetPipelineRequest as _cloudless_v1_GetPipelineRequest, GetPipelineRequest__Output as _cloudless_v1_GetPipelineRequest__Output } from './cloudless/v1/GetPipelineRequest.ts';
import type { GetPipelineResponse as _cloudless_v1_GetPipelineResponse, GetPipelineResponse__Output as _cloudless_v1_GetPipelineResponse__Output } from './cloudless/v1/GetPipelineResponse.ts';
import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from './cloudless/v1/GpuShare.ts';
import type { Holdout as _cloudless_v1_Holdout, Holdout__Output as _cloudless_v1_Holdout__Output } from './cloudless/v1/Holdout.ts';
import type { IdleSpan as _cloudless_v1_IdleSpan, IdleSpan__Output as _cloudless_v1_IdleSpan__Output } from './cloudless/v1/IdleSpan.ts';
import type { InferenceSpec as _cloudless_v1_InferenceSpec, InferenceSpec__Output as _cloudless_v1_InferenceSpec__Output } from './cloudless/v1/InferenceSpec.ts';
import type { InstanceEvent as _cloudless_v1_InstanceEvent, InstanceEvent__Output as _cloudless_v1_InstanceEvent__Output } from './cloudless/v1/InstanceEvent.ts';
import type { Job as _cloudless_v1_Job, Job__Output as _cloudless_v1_Job__Output } from './cloudless/v1/Job.ts';
import type { JobCost as _cloudless_v1_JobCost, JobCost__Output as _cloudless_v1_JobCost__Output } from './cloudless/v1/JobCost.ts';
import type { JobProgress as _cloudless_v1_JobProgress, JobProgress__Output as _cloudless_v1_JobProgress__Output } from './cloudless/v1/JobProgress.ts';
import type { JobServiceClient as _cloudless_v1_JobServiceClient, JobServiceDefinition as _cloudless_v1_JobServiceDefinition } from './cloudless/v1/JobService.ts';
import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from './cloudless/v1/JobSpec.ts';
import type { JournalAck as _cloudless_v1_JournalAck, JournalAck__Output as _cloudless_v1_JournalAck__Output } from './cloudless/v1/JournalAck.ts';
import type { JournalBatch as _cloudless_v1_JournalBatch, JournalBatch__Output as _cloudless_v1_JournalBatch__Output } from './cloudless/v1/JournalBatch.ts';
import type { JournalRecord as _cloudless_v1_JournalRecord, JournalRecord__Output as _cloudless_v1_JournalRecord__Output } from './cloudless/v1/JournalRecord.ts';
import type { LedgerEntry as _cloudless_v1_LedgerEntry, LedgerEntry__Output as _cloudless_v1_LedgerEntry__Output } from './cloudless/v1/LedgerEntry.ts';
import type { LinkCost as _cloudless_v1_LinkCost, LinkCost__Output as _cloudless_v1_LinkCost__Output } from './cloudless/v1/LinkCost.ts';
import type { LinkMeasurement as _cloudless_v1_LinkMeasurement, LinkMeasurement__Output as _cloudless_v1_LinkMeasurement__Output } from './cloudless/v1/LinkMeasurement.ts';
import type { LinkMonth as _cloudless_v1_LinkMonth, LinkMonth__Output as _cloudless_v1_LinkMonth__Output } from './cloudless/v1/LinkMonth.ts';
import type { LinkUse as _cloudless_v1_LinkUse, LinkUse__Output as _cloudless_v1_LinkUse__Output } from './cloudless/v1/LinkUse.ts';
import type { ListDataRequest as _cloudless_v1_ListDataRequest, ListDataRequest__Output as _cloudless_v1_ListDataRequest__Output } from './cloudless/v1/ListDataRequest.ts';
import type { ListDataResponse as _cloudless_v1_ListDataResponse, ListDataResponse__Output as _cloudless_v1_ListDataResponse__Output } from './cloudless/v1/ListDataResponse.ts';
import type { ListEvaluationsRequest as _cloudless_v1_ListEvaluationsRequest, ListEvaluationsRequest__Output as _cloudless_v1_ListEvaluationsRequest__Output } from './cloudless/v1/ListEvaluationsRequest.ts';
import type { ListEvaluationsResponse as _cloudless_v1_ListEvaluationsResponse, ListEvaluationsResponse__Output as _cloudless_v1_ListEvaluationsResponse__Output } from './cloudless/v1/ListEvaluationsResponse.ts';
import type { ListEventsRequest as _cloudless_v1_ListEventsRequest, ListEventsRequest__Output as _cloudless_v1_ListEventsRequest__Output } from './cloudless/v1/ListEventsRequest.ts';
import type { ListEventsResponse as _cloudless_v1_ListEventsResponse, ListEventsResponse__Output as _cloudless_v1_ListEventsResponse__Output } from './cloudless/v1/ListEventsResponse.ts';
import type { ListFunctionEventsRequest as _cloudless_v1_ListFunctionEventsRequest, ListFunctionEventsRequest__Output as _cloudless_v1_ListFunctionEventsRequest__Output } from './cloudless/v1/ListFunctionEventsRequest.ts';
import type { ListFunctionEventsResponse as _cloudless_v1_ListFunctionEventsResponse, ListFunctionEventsResponse__Output as _cloudless_v1_ListFunctionEventsResponse__Output } from './cloudless/v1/ListFunctionEventsResponse.ts';
import type { ListFunctionsRequest as _cloudless_v1_ListFunctionsRequest, ListFunctionsRequest__Output as _cloudless_v1_ListFunctionsRequest__Output } from './cloudless/v1/ListFunctionsRequest.ts';
import type { ListFunctionsResponse as _cloudless_v1_ListFunctionsResponse, ListFunctionsResponse__Output as _cloudless_v1_ListFunctionsResponse__Output } from './cloudless/v1/ListFunctionsResponse.ts';
import type { ListJobsRequest as _cloudless_v1_ListJobsRequest, ListJobsRequest__Output as _cloudless_v1_ListJobsRequest__Output } from './cloudless/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _cloudless_v1_ListJobsResponse, ListJobsResponse__Output as _cloudless_v1_ListJobsResponse__Output } from './cloudless/v1/ListJobsResponse.ts';
import type { ListLedgerEntriesRequest as _cloudless_v1_ListLedgerEntriesRequest, ListLedgerEntriesRequest__Output as _cloudless_v1_ListLedgerEntriesRequest__Output } from './cloudless/v1/ListLedgerEntriesRequest.ts';
import type { ListLedgerEntriesResponse as _cloudless_v1_ListLedgerEntriesResponse, ListLedgerEntriesResponse__Output as _cloudless_v1_ListLedgerEntriesResponse__Output } from './cloudless/v1/ListLedgerEntriesResponse.ts';
import type { ListPipelinesRequest as _cloudless_v1_ListPipelinesRequest, ListPipelinesRequest__Output as _cloudless_v1_ListPipelinesRequest__Output } from './cloudless/v1/ListPipelinesRequest.ts';
import type { ListPipelinesResponse as _cloudless_v1_ListPipelinesResponse, ListPipelinesResponse__Output as _cloudless_v1_ListPipelinesResponse__Output } from './cloudless/v1/ListPipelinesResponse.ts';
import type { ListPlansRequest as _cloudless_v1_ListPlansRequest, ListPlansRequest__Output as _cloudless_v1_ListPlansRequest__Output } from './cloudless/v1/ListPlansRequest.ts';
import type { ListPlansResponse as _cloudless_v1_ListPlansResponse, ListPlansResponse__Output as _cloudless_v1_ListPlansResponse__Output } from './cloudless/v1/ListPlansResponse.ts';
import type { ListRoundsRequest as _cloudless_v1_ListRoundsRequest, ListRoundsRequest__Output as _cloudless_v1_ListRoundsRequest__Output } from './cloudless/v1/ListRoundsRequest.ts';
import type { ListRoundsResponse as _cloudless_v1_ListRoundsResponse, ListRoundsResponse__Output as _cloudless_v1_ListRoundsResponse__Output } from './cloudless/v1/ListRoundsResponse.ts';
import type { LogAck as _cloudless_v1_LogAck, LogAck__Output as _cloudless_v1_LogAck__Output } from './cloudless/v1/LogAck.ts';
import type { LogChunk as _cloudless_v1_LogChunk, LogChunk__Output as _cloudless_v1_LogChunk__Output } from './cloudless/v1/LogChunk.ts';
import type { MeasuredLink as _cloudless_v1_MeasuredLink, MeasuredLink__Output as _cloudless_v1_MeasuredLink__Output } from './cloudless/v1/MeasuredLink.ts';
import type { ModelSize as _cloudless_v1_ModelSize, ModelSize__Output as _cloudless_v1_ModelSize__Output } from './cloudless/v1/ModelSize.ts';
import type { Movement as _cloudless_v1_Movement, Movement__Output as _cloudless_v1_Movement__Output } from './cloudless/v1/Movement.ts';
import type { ObjectiveSpec as _cloudless_v1_ObjectiveSpec, ObjectiveSpec__Output as _cloudless_v1_ObjectiveSpec__Output } from './cloudless/v1/ObjectiveSpec.ts';
import type { ObservedInstance as _cloudless_v1_ObservedInstance, ObservedInstance__Output as _cloudless_v1_ObservedInstance__Output } from './cloudless/v1/ObservedInstance.ts';
import type { ObservedState as _cloudless_v1_ObservedState, ObservedState__Output as _cloudless_v1_ObservedState__Output } from './cloudless/v1/ObservedState.ts';
import type { Optimiser as _cloudless_v1_Optimiser, Optimiser__Output as _cloudless_v1_Optimiser__Output } from './cloudless/v1/Optimiser.ts';
import type { ParameterGroup as _cloudless_v1_ParameterGroup, ParameterGroup__Output as _cloudless_v1_ParameterGroup__Output } from './cloudless/v1/ParameterGroup.ts';
import type { Partition as _cloudless_v1_Partition, Partition__Output as _cloudless_v1_Partition__Output } from './cloudless/v1/Partition.ts';
import type { PartitionData as _cloudless_v1_PartitionData, PartitionData__Output as _cloudless_v1_PartitionData__Output } from './cloudless/v1/PartitionData.ts';
import type { PartitionProgress as _cloudless_v1_PartitionProgress, PartitionProgress__Output as _cloudless_v1_PartitionProgress__Output } from './cloudless/v1/PartitionProgress.ts';
import type { Payload as _cloudless_v1_Payload, Payload__Output as _cloudless_v1_Payload__Output } from './cloudless/v1/Payload.ts';
import type { Peer as _cloudless_v1_Peer, Peer__Output as _cloudless_v1_Peer__Output } from './cloudless/v1/Peer.ts';
import type { PeerServiceClient as _cloudless_v1_PeerServiceClient, PeerServiceDefinition as _cloudless_v1_PeerServiceDefinition } from './cloudless/v1/PeerService.ts';
import type { PeerStatus as _cloudless_v1_PeerStatus, PeerStatus__Output as _cloudless_v1_PeerStatus__Output } from './cloudless/v1/PeerStatus.ts';
import type { Ping as _cloudless_v1_Ping, Ping__Output as _cloudless_v1_Ping__Output } from './cloudless/v1/Ping.ts';
import type { PinnedCatalogue as _cloudless_v1_PinnedCatalogue, PinnedCatalogue__Output as _cloudless_v1_PinnedCatalogue__Output } from './cloudless/v1/PinnedCatalogue.ts';
import type { Pipeline as _cloudless_v1_Pipeline, Pipeline__Output as _cloudless_v1_Pipeline__Output } from './cloudless/v1/Pipeline.ts';
import type { PipelineMeasure as _cloudless_v1_PipelineMeasure, PipelineMeasure__Output as _cloudless_v1_PipelineMeasure__Output } from './cloudless/v1/PipelineMeasure.ts';
import type { PipelineServiceClient as _cloudless_v1_PipelineServiceClient, PipelineServiceDefinition as _cloudless_v1_PipelineServiceDefinition } from './cloudless/v1/PipelineService.ts';
import type { PipelineSpec as _cloudless_v1_PipelineSpec, PipelineSpec__Output as _cloudless_v1_PipelineSpec__Output } from './cloudless/v1/PipelineSpec.ts';
import type { PipelineStage as _cloudless_v1_PipelineStage, PipelineStage__Output as _cloudless_v1_PipelineStage__Output } from './cloudless/v1/PipelineStage.ts';
import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from './cloudless/v1/Plan.ts';
import type { PlanInput as _cloudless_v1_PlanInput, PlanInput__Output as _cloudless_v1_PlanInput__Output } from './cloudless/v1/PlanInput.ts';
import type { PlanJobRequest as _cloudless_v1_PlanJobRequest, PlanJobRequest__Output as _cloudless_v1_PlanJobRequest__Output } from './cloudless/v1/PlanJobRequest.ts';
import type { PlanJobResponse as _cloudless_v1_PlanJobResponse, PlanJobResponse__Output as _cloudless_v1_PlanJobResponse__Output } from './cloudless/v1/PlanJobResponse.ts';
import type { ProfilePoint as _cloudless_v1_ProfilePoint, ProfilePoint__Output as _cloudless_v1_ProfilePoint__Output } from './cloudless/v1/ProfilePoint.ts';
import type { Proposal as _cloudless_v1_Proposal, Proposal__Output as _cloudless_v1_Proposal__Output } from './cloudless/v1/Proposal.ts';
import type { Reason as _cloudless_v1_Reason, Reason__Output as _cloudless_v1_Reason__Output } from './cloudless/v1/Reason.ts';
import type { RegionCapacity as _cloudless_v1_RegionCapacity, RegionCapacity__Output as _cloudless_v1_RegionCapacity__Output } from './cloudless/v1/RegionCapacity.ts';
import type { RegionCost as _cloudless_v1_RegionCost, RegionCost__Output as _cloudless_v1_RegionCost__Output } from './cloudless/v1/RegionCost.ts';
import type { RegionSite as _cloudless_v1_RegionSite, RegionSite__Output as _cloudless_v1_RegionSite__Output } from './cloudless/v1/RegionSite.ts';
import type { ResourceSpec as _cloudless_v1_ResourceSpec, ResourceSpec__Output as _cloudless_v1_ResourceSpec__Output } from './cloudless/v1/ResourceSpec.ts';
import type { ResumeJobRequest as _cloudless_v1_ResumeJobRequest, ResumeJobRequest__Output as _cloudless_v1_ResumeJobRequest__Output } from './cloudless/v1/ResumeJobRequest.ts';
import type { ResumeJobResponse as _cloudless_v1_ResumeJobResponse, ResumeJobResponse__Output as _cloudless_v1_ResumeJobResponse__Output } from './cloudless/v1/ResumeJobResponse.ts';
import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from './cloudless/v1/Round.ts';
import type { RoundMember as _cloudless_v1_RoundMember, RoundMember__Output as _cloudless_v1_RoundMember__Output } from './cloudless/v1/RoundMember.ts';
import type { RoundPlan as _cloudless_v1_RoundPlan, RoundPlan__Output as _cloudless_v1_RoundPlan__Output } from './cloudless/v1/RoundPlan.ts';
import type { RoundTotals as _cloudless_v1_RoundTotals, RoundTotals__Output as _cloudless_v1_RoundTotals__Output } from './cloudless/v1/RoundTotals.ts';
import type { ServedFunction as _cloudless_v1_ServedFunction, ServedFunction__Output as _cloudless_v1_ServedFunction__Output } from './cloudless/v1/ServedFunction.ts';
import type { ServedPipeline as _cloudless_v1_ServedPipeline, ServedPipeline__Output as _cloudless_v1_ServedPipeline__Output } from './cloudless/v1/ServedPipeline.ts';
import type { ServingStatus as _cloudless_v1_ServingStatus, ServingStatus__Output as _cloudless_v1_ServingStatus__Output } from './cloudless/v1/ServingStatus.ts';
import type { Shard as _cloudless_v1_Shard, Shard__Output as _cloudless_v1_Shard__Output } from './cloudless/v1/Shard.ts';
import type { Slo as _cloudless_v1_Slo, Slo__Output as _cloudless_v1_Slo__Output } from './cloudless/v1/Slo.ts';
import type { StageBudget as _cloudless_v1_StageBudget, StageBudget__Output as _cloudless_v1_StageBudget__Output } from './cloudless/v1/StageBudget.ts';
import type { StageMeasure as _cloudless_v1_StageMeasure, StageMeasure__Output as _cloudless_v1_StageMeasure__Output } from './cloudless/v1/StageMeasure.ts';
import type { StagingProgress as _cloudless_v1_StagingProgress, StagingProgress__Output as _cloudless_v1_StagingProgress__Output } from './cloudless/v1/StagingProgress.ts';
import type { StateSnapshot as _cloudless_v1_StateSnapshot, StateSnapshot__Output as _cloudless_v1_StateSnapshot__Output } from './cloudless/v1/StateSnapshot.ts';
import type { StreamFunctionLogsRequest as _cloudless_v1_StreamFunctionLogsRequest, StreamFunctionLogsRequest__Output as _cloudless_v1_StreamFunctionLogsRequest__Output } from './cloudless/v1/StreamFunctionLogsRequest.ts';
import type { StreamFunctionLogsResponse as _cloudless_v1_StreamFunctionLogsResponse, StreamFunctionLogsResponse__Output as _cloudless_v1_StreamFunctionLogsResponse__Output } from './cloudless/v1/StreamFunctionLogsResponse.ts';
import type { StreamLogsRequest as _cloudless_v1_StreamLogsRequest, StreamLogsRequest__Output as _cloudless_v1_StreamLogsRequest__Output } from './cloudless/v1/StreamLogsRequest.ts';
import type { StreamLogsResponse as _cloudless_v1_StreamLogsResponse, StreamLogsResponse__Output as _cloudless_v1_StreamLogsResponse__Output } from './cloudless/v1/StreamLogsResponse.ts';
import type { SyncProgress as _cloudless_v1_SyncProgress, SyncProgress__Output as _cloudless_v1_SyncProgress__Output } from './cloudless/v1/SyncProgress.ts';
import type { SyncSpec as _cloudless_v1_SyncSpec, SyncSpec__Output as _cloudless_v1_SyncSpec__Output } from './cloudless/v1/SyncSpec.ts';
import type { Target as _cloudless_v1_Target, Target__Output as _cloudless_v1_Target__Output } from './cloudless/v1/Target.ts';
import type { Tensor as _cloudless_v1_Tensor, Tensor__Output as _cloudless_v1_Tensor__Output } from './cloudless/v1/Tensor.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from './cloudless/v1/TensorLayout.ts';
import type { TrainingSpec as _cloudless_v1_TrainingSpec, TrainingSpec__Output as _cloudless_v1_TrainingSpec__Output } from './cloudless/v1/TrainingSpec.ts';
import type { UpdateAck as _cloudless_v1_UpdateAck, UpdateAck__Output as _cloudless_v1_UpdateAck__Output } from './cloudless/v1/UpdateAck.ts';
import type { UpdateHeader as _cloudless_v1_UpdateHeader, UpdateHeader__Output as _cloudless_v1_UpdateHeader__Output } from './cloudless/v1/UpdateHeader.ts';
import type { UploadBundleRequest as _cloudless_v1_UploadBundleRequest, UploadBundleRequest__Output as _cloudless_v1_UploadBundleRequest__Output } from './cloudless/v1/UploadBundleRequest.ts';
import type { UploadBundleResponse as _cloudless_v1_UploadBundleResponse, UploadBundleResponse__Output as _cloudless_v1_UploadBundleResponse__Output } from './cloudless/v1/UploadBundleResponse.ts';
import type { UploadModelRequest as _cloudless_v1_UploadModelRequest, UploadModelRequest__Output as _cloudless_v1_UploadModelRequest__Output } from './cloudless/v1/UploadModelRequest.ts';
import type { UploadModelResponse as _cloudless_v1_UploadModelResponse, UploadModelResponse__Output as _cloudless_v1_UploadModelResponse__Output } from './cloudless/v1/UploadModelResponse.ts';
import type { Usage as _cloudless_v1_Usage, Usage__Output as _cloudless_v1_Usage__Output } from './cloudless/v1/Usage.ts';
import type { UsageGap as _cloudless_v1_UsageGap, UsageGap__Output as _cloudless_v1_UsageGap__Output } from './cloudless/v1/UsageGap.ts';
import type { WatchJobRequest as _cloudless_v1_WatchJobRequest, WatchJobRequest__Output as _cloudless_v1_WatchJobRequest__Output } from './cloudless/v1/WatchJobRequest.ts';
import type { WatchJobResponse as _cloudless_v1_WatchJobResponse, WatchJobResponse__Output as _cloudless_v1_WatchJobResponse__Output } from './cloudless/v1/WatchJobResponse.ts';
import type { WatchOpen as _cloudless_v1_WatchOpen, WatchOpen__Output as _cloudless_v1_WatchOpen__Output } from './cloudless/v1/WatchOpen.ts';
import type { WatchPeerRequest as _cloudless_v1_WatchPeerRequest, WatchPeerRequest__Output as _cloudless_v1_WatchPeerRequest__Output } from './cloudless/v1/WatchPeerRequest.ts';
import type { WatchPeerResponse as _cloudless_v1_WatchPeerResponse, WatchPeerResponse__Output as _cloudless_v1_WatchPeerResponse__Output } from './cloudless/v1/WatchPeerResponse.ts';
import type { WishedInstance as _cloudless_v1_WishedInstance, WishedInstance__Output as _cloudless_v1_WishedInstance__Output } from './cloudless/v1/WishedInstance.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      AddressBook: MessageTypeDefinition<_cloudless_v1_AddressBook, _cloudless_v1_AddressBook__Output>
      AgentHello: MessageTypeDefinition<_cloudless_v1_AgentHello, _cloudless_v1_AgentHello__Output>
      AgentWelcome: MessageTypeDefinition<_cloudless_v1_AgentWelcome, _cloudless_v1_AgentWelcome__Output>
      Allocation: MessageTypeDefinition<_cloudless_v1_Allocation, _cloudless_v1_Allocation__Output>
      Alternative: MessageTypeDefinition<_cloudless_v1_Alternative, _cloudless_v1_Alternative__Output>
      Bound: MessageTypeDefinition<_cloudless_v1_Bound, _cloudless_v1_Bound__Output>
      BudgetSpec: MessageTypeDefinition<_cloudless_v1_BudgetSpec, _cloudless_v1_BudgetSpec__Output>
      CancelJobRequest: MessageTypeDefinition<_cloudless_v1_CancelJobRequest, _cloudless_v1_CancelJobRequest__Output>
      CancelJobResponse: MessageTypeDefinition<_cloudless_v1_CancelJobResponse, _cloudless_v1_CancelJobResponse__Output>
      Chunk: MessageTypeDefinition<_cloudless_v1_Chunk, _cloudless_v1_Chunk__Output>
      ClassUnits: MessageTypeDefinition<_cloudless_v1_ClassUnits, _cloudless_v1_ClassUnits__Output>
      Comparison: MessageTypeDefinition<_cloudless_v1_Comparison, _cloudless_v1_Comparison__Output>
      ConnectRequest: MessageTypeDefinition<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectRequest__Output>
      ConnectResponse: MessageTypeDefinition<_cloudless_v1_ConnectResponse, _cloudless_v1_ConnectResponse__Output>
      Contribution: MessageTypeDefinition<_cloudless_v1_Contribution, _cloudless_v1_Contribution__Output>
      CostAmounts: MessageTypeDefinition<_cloudless_v1_CostAmounts, _cloudless_v1_CostAmounts__Output>
      CostGroup: MessageTypeDefinition<_cloudless_v1_CostGroup, _cloudless_v1_CostGroup__Output>
      CostPoint: MessageTypeDefinition<_cloudless_v1_CostPoint, _cloudless_v1_CostPoint__Output>
      CostReport: MessageTypeDefinition<_cloudless_v1_CostReport, _cloudless_v1_CostReport__Output>
      CostService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_CostServiceClient> & { service: _cloudless_v1_CostServiceDefinition }
      Costs: MessageTypeDefinition<_cloudless_v1_Costs, _cloudless_v1_Costs__Output>
      Counterfactual: MessageTypeDefinition<_cloudless_v1_Counterfactual, _cloudless_v1_Counterfactual__Output>
      CreateJobRequest: MessageTypeDefinition<_cloudless_v1_CreateJobRequest, _cloudless_v1_CreateJobRequest__Output>
      CreateJobResponse: MessageTypeDefinition<_cloudless_v1_CreateJobResponse, _cloudless_v1_CreateJobResponse__Output>
      DataBlocks: MessageTypeDefinition<_cloudless_v1_DataBlocks, _cloudless_v1_DataBlocks__Output>
      DataEndpoint: MessageTypeDefinition<_cloudless_v1_DataEndpoint, _cloudless_v1_DataEndpoint__Output>
      DataService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_DataServiceClient> & { service: _cloudless_v1_DataServiceDefinition }
      DataTotals: MessageTypeDefinition<_cloudless_v1_DataTotals, _cloudless_v1_DataTotals__Output>
      DeleteFunctionRequest: MessageTypeDefinition<_cloudless_v1_DeleteFunctionRequest, _cloudless_v1_DeleteFunctionRequest__Output>
      DeleteFunctionResponse: MessageTypeDefinition<_cloudless_v1_DeleteFunctionResponse, _cloudless_v1_DeleteFunctionResponse__Output>
      DeletePipelineRequest: MessageTypeDefinition<_cloudless_v1_DeletePipelineRequest, _cloudless_v1_DeletePipelineRequest__Output>
      DeletePipelineResponse: MessageTypeDefinition<_cloudless_v1_DeletePipelineResponse, _cloudless_v1_DeletePipelineResponse__Output>
      DeployFunctionRequest: MessageTypeDefinition<_cloudless_v1_DeployFunctionRequest, _cloudless_v1_DeployFunctionRequest__Output>
      DeployFunctionResponse: MessageTypeDefinition<_cloudless_v1_DeployFunctionResponse, _cloudless_v1_DeployFunctionResponse__Output>
      DeployPipelineRequest: MessageTypeDefinition<_cloudless_v1_DeployPipelineRequest, _cloudless_v1_DeployPipelineRequest__Output>
      DeployPipelineResponse: MessageTypeDefinition<_cloudless_v1_DeployPipelineResponse, _cloudless_v1_DeployPipelineResponse__Output>
      DesiredInstance: MessageTypeDefinition<_cloudless_v1_DesiredInstance, _cloudless_v1_DesiredInstance__Output>
      DesiredState: MessageTypeDefinition<_cloudless_v1_DesiredState, _cloudless_v1_DesiredState__Output>
      Device: MessageTypeDefinition<_cloudless_v1_Device, _cloudless_v1_Device__Output>
      DeviceSharing: EnumTypeDefinition
      DeviceUse: MessageTypeDefinition<_cloudless_v1_DeviceUse, _cloudless_v1_DeviceUse__Output>
      DownloadModelRequest: MessageTypeDefinition<_cloudless_v1_DownloadModelRequest, _cloudless_v1_DownloadModelRequest__Output>
      DownloadModelResponse: MessageTypeDefinition<_cloudless_v1_DownloadModelResponse, _cloudless_v1_DownloadModelResponse__Output>
      Evaluation: MessageTypeDefinition<_cloudless_v1_Evaluation, _cloudless_v1_Evaluation__Output>
      Exchange: MessageTypeDefinition<_cloudless_v1_Exchange, _cloudless_v1_Exchange__Output>
      ExchangeRate: MessageTypeDefinition<_cloudless_v1_ExchangeRate, _cloudless_v1_ExchangeRate__Output>
      FetchBundleRequest: MessageTypeDefinition<_cloudless_v1_FetchBundleRequest, _cloudless_v1_FetchBundleRequest__Output>
      FetchBundleResponse: MessageTypeDefinition<_cloudless_v1_FetchBundleResponse, _cloudless_v1_FetchBundleResponse__Output>
      FetchRequest: MessageTypeDefinition<_cloudless_v1_FetchRequest, _cloudless_v1_FetchRequest__Output>
      FetchResponse: MessageTypeDefinition<_cloudless_v1_FetchResponse, _cloudless_v1_FetchResponse__Output>
      FleetService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_FleetServiceClient> & { service: _cloudless_v1_FleetServiceDefinition }
      Forecast: MessageTypeDefinition<_cloudless_v1_Forecast, _cloudless_v1_Forecast__Output>
      Function: MessageTypeDefinition<_cloudless_v1_Function, _cloudless_v1_Function__Output>
      FunctionInstance: MessageTypeDefinition<_cloudless_v1_FunctionInstance, _cloudless_v1_FunctionInstance__Output>
      FunctionService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_FunctionServiceClient> & { service: _cloudless_v1_FunctionServiceDefinition }
      FunctionSpec: MessageTypeDefinition<_cloudless_v1_FunctionSpec, _cloudless_v1_FunctionSpec__Output>
      FunctionState: EnumTypeDefinition
      FunctionWish: MessageTypeDefinition<_cloudless_v1_FunctionWish, _cloudless_v1_FunctionWish__Output>
      GatewayEndpoint: MessageTypeDefinition<_cloudless_v1_GatewayEndpoint, _cloudless_v1_GatewayEndpoint__Output>
      GetCostsRequest: MessageTypeDefinition<_cloudless_v1_GetCostsRequest, _cloudless_v1_GetCostsRequest__Output>
      GetCostsResponse: MessageTypeDefinition<_cloudless_v1_GetCostsResponse, _cloudless_v1_GetCostsResponse__Output>
      GetFunctionRequest: MessageTypeDefinition<_cloudless_v1_GetFunctionRequest, _cloudless_v1_GetFunctionRequest__Output>
      GetFunctionResponse: MessageTypeDefinition<_cloudless_v1_GetFunctionResponse, _cloudless_v1_GetFunctionResponse__Output>
      GetJobCostRequest: MessageTypeDefinition<_cloudless_v1_GetJobCostRequest, _cloudless_v1_GetJobCostRequest__Output>
      GetJobCostResponse: MessageTypeDefinition<_cloudless_v1_GetJobCostResponse, _cloudless_v1_GetJobCostResponse__Output>
      GetJobRequest: MessageTypeDefinition<_cloudless_v1_GetJobRequest, _cloudless_v1_GetJobRequest__Output>
      GetJobResponse: MessageTypeDefinition<_cloudless_v1_GetJobResponse, _cloudless_v1_GetJobResponse__Output>
      GetPipelineRequest: MessageTypeDefinition<_cloudless_v1_GetPipelineRequest, _cloudless_v1_GetPipelineRequest__Output>
      GetPipelineResponse: MessageTypeDefinition<_cloudless_v1_GetPipelineResponse, _cloudless_v1_GetPipelineResponse__Output>
      GpuShare: MessageTypeDefinition<_cloudless_v1_GpuShare, _cloudless_v1_GpuShare__Output>
      Holdout: MessageTypeDefinition<_cloudless_v1_Holdout, _cloudless_v1_Holdout__Output>
      IdleSpan: MessageTypeDefinition<_cloudless_v1_IdleSpan, _cloudless_v1_IdleSpan__Output>
      InferenceSpec: MessageTypeDefinition<_cloudless_v1_InferenceSpec, _cloudless_v1_InferenceSpec__Output>
      InstanceEvent: MessageTypeDefinition<_cloudless_v1_InstanceEvent, _cloudless_v1_InstanceEvent__Output>
      InstanceRole: EnumTypeDefinition
      InstanceState: EnumTypeDefinition
      Job: MessageTypeDefinition<_cloudless_v1_Job, _cloudless_v1_Job__Output>
      JobCost: MessageTypeDefinition<_cloudless_v1_JobCost, _cloudless_v1_JobCost__Output>
      JobProgress: MessageTypeDefinition<_cloudless_v1_JobProgress, _cloudless_v1_JobProgress__Output>
      JobService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_JobServiceClient> & { service: _cloudless_v1_JobServiceDefinition }
      JobSpec: MessageTypeDefinition<_cloudless_v1_JobSpec, _cloudless_v1_JobSpec__Output>
      JobState: EnumTypeDefinition
      JournalAck: MessageTypeDefinition<_cloudless_v1_JournalAck, _cloudless_v1_JournalAck__Output>
      JournalBatch: MessageTypeDefinition<_cloudless_v1_JournalBatch, _cloudless_v1_JournalBatch__Output>
      JournalRecord: MessageTypeDefinition<_cloudless_v1_JournalRecord, _cloudless_v1_JournalRecord__Output>
      LedgerEntry: MessageTypeDefinition<_cloudless_v1_LedgerEntry, _cloudless_v1_LedgerEntry__Output>
      LinkCost: MessageTypeDefinition<_cloudless_v1_LinkCost, _cloudless_v1_LinkCost__Output>
      LinkMeasurement: MessageTypeDefinition<_cloudless_v1_LinkMeasurement, _cloudless_v1_LinkMeasurement__Output>
      LinkMonth: MessageTypeDefinition<_cloudless_v1_LinkMonth, _cloudless_v1_LinkMonth__Output>
      LinkUse: MessageTypeDefinition<_cloudless_v1_LinkUse, _cloudless_v1_LinkUse__Output>
      ListDataRequest: MessageTypeDefinition<_cloudless_v1_ListDataRequest, _cloudless_v1_ListDataRequest__Output>
      ListDataResponse: MessageTypeDefinition<_cloudless_v1_ListDataResponse, _cloudless_v1_ListDataResponse__Output>
      ListEvaluationsRequest: MessageTypeDefinition<_cloudless_v1_ListEvaluationsRequest, _cloudless_v1_ListEvaluationsRequest__Output>
      ListEvaluationsResponse: MessageTypeDefinition<_cloudless_v1_ListEvaluationsResponse, _cloudless_v1_ListEvaluationsResponse__Output>
      ListEventsRequest: MessageTypeDefinition<_cloudless_v1_ListEventsRequest, _cloudless_v1_ListEventsRequest__Output>
      ListEventsResponse: MessageTypeDefinition<_cloudless_v1_ListEventsResponse, _cloudless_v1_ListEventsResponse__Output>
      ListFunctionEventsRequest: MessageTypeDefinition<_cloudless_v1_ListFunctionEventsRequest, _cloudless_v1_ListFunctionEventsRequest__Output>
      ListFunctionEventsResponse: MessageTypeDefinition<_cloudless_v1_ListFunctionEventsResponse, _cloudless_v1_ListFunctionEventsResponse__Output>
      ListFunctionsRequest: MessageTypeDefinition<_cloudless_v1_ListFunctionsRequest, _cloudless_v1_ListFunctionsRequest__Output>
      ListFunctionsResponse: MessageTypeDefinition<_cloudless_v1_ListFunctionsResponse, _cloudless_v1_ListFunctionsResponse__Output>
      ListJobsRequest: MessageTypeDefinition<_cloudless_v1_ListJobsRequest, _cloudless_v1_ListJobsRequest__Output>
      ListJobsResponse: MessageTypeDefinition<_cloudless_v1_ListJobsResponse, _cloudless_v1_ListJobsResponse__Output>
      ListLedgerEntriesRequest: MessageTypeDefinition<_cloudless_v1_ListLedgerEntriesRequest, _cloudless_v1_ListLedgerEntriesRequest__Output>
      ListLedgerEntriesResponse: MessageTypeDefinition<_cloudless_v1_ListLedgerEntriesResponse, _cloudless_v1_ListLedgerEntriesResponse__Output>
      ListPipelinesRequest: MessageTypeDefinition<_cloudless_v1_ListPipelinesRequest, _cloudless_v1_ListPipelinesRequest__Output>
      ListPipelinesResponse: MessageTypeDefinition<_cloudless_v1_ListPipelinesResponse, _cloudless_v1_ListPipelinesResponse__Output>
      ListPlansRequest: MessageTypeDefinition<_cloudless_v1_ListPlansRequest, _cloudless_v1_ListPlansRequest__Output>
      ListPlansResponse: MessageTypeDefinition<_cloudless_v1_ListPlansResponse, _cloudless_v1_ListPlansResponse__Output>
      ListRoundsRequest: MessageTypeDefinition<_cloudless_v1_ListRoundsRequest, _cloudless_v1_ListRoundsRequest__Output>
      ListRoundsResponse: MessageTypeDefinition<_cloudless_v1_ListRoundsResponse, _cloudless_v1_ListRoundsResponse__Output>
      LogAck: MessageTypeDefinition<_cloudless_v1_LogAck, _cloudless_v1_LogAck__Output>
      LogChunk: MessageTypeDefinition<_cloudless_v1_LogChunk, _cloudless_v1_LogChunk__Output>
      MeasuredLink: MessageTypeDefinition<_cloudless_v1_MeasuredLink, _cloudless_v1_MeasuredLink__Output>
      ModelSize: MessageTypeDefinition<_cloudless_v1_ModelSize, _cloudless_v1_ModelSize__Output>
      Movement: MessageTypeDefinition<_cloudless_v1_Movement, _cloudless_v1_Movement__Output>
      ObjectiveSpec: MessageTypeDefinition<_cloudless_v1_ObjectiveSpec, _cloudless_v1_ObjectiveSpec__Output>
      ObservedInstance: MessageTypeDefinition<_cloudless_v1_ObservedInstance, _cloudless_v1_ObservedInstance__Output>
      ObservedState: MessageTypeDefinition<_cloudless_v1_ObservedState, _cloudless_v1_ObservedState__Output>
      Optimiser: MessageTypeDefinition<_cloudless_v1_Optimiser, _cloudless_v1_Optimiser__Output>
      ParameterGroup: MessageTypeDefinition<_cloudless_v1_ParameterGroup, _cloudless_v1_ParameterGroup__Output>
      Partition: MessageTypeDefinition<_cloudless_v1_Partition, _cloudless_v1_Partition__Output>
      PartitionData: MessageTypeDefinition<_cloudless_v1_PartitionData, _cloudless_v1_PartitionData__Output>
      PartitionPhase: EnumTypeDefinition
      PartitionProgress: MessageTypeDefinition<_cloudless_v1_PartitionProgress, _cloudless_v1_PartitionProgress__Output>
      Payload: MessageTypeDefinition<_cloudless_v1_Payload, _cloudless_v1_Payload__Output>
      Peer: MessageTypeDefinition<_cloudless_v1_Peer, _cloudless_v1_Peer__Output>
      PeerService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_PeerServiceClient> & { service: _cloudless_v1_PeerServiceDefinition }
      PeerStatus: MessageTypeDefinition<_cloudless_v1_PeerStatus, _cloudless_v1_PeerStatus__Output>
      Ping: MessageTypeDefinition<_cloudless_v1_Ping, _cloudless_v1_Ping__Output>
      PinnedCatalogue: MessageTypeDefinition<_cloudless_v1_PinnedCatalogue, _cloudless_v1_PinnedCatalogue__Output>
      Pipeline: MessageTypeDefinition<_cloudless_v1_Pipeline, _cloudless_v1_Pipeline__Output>
      PipelineMeasure: MessageTypeDefinition<_cloudless_v1_PipelineMeasure, _cloudless_v1_PipelineMeasure__Output>
      PipelineService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_PipelineServiceClient> & { service: _cloudless_v1_PipelineServiceDefinition }
      PipelineSpec: MessageTypeDefinition<_cloudless_v1_PipelineSpec, _cloudless_v1_PipelineSpec__Output>
      PipelineStage: MessageTypeDefinition<_cloudless_v1_PipelineStage, _cloudless_v1_PipelineStage__Output>
      PipelineState: EnumTypeDefinition
      Plan: MessageTypeDefinition<_cloudless_v1_Plan, _cloudless_v1_Plan__Output>
      PlanInput: MessageTypeDefinition<_cloudless_v1_PlanInput, _cloudless_v1_PlanInput__Output>
      PlanJobRequest: MessageTypeDefinition<_cloudless_v1_PlanJobRequest, _cloudless_v1_PlanJobRequest__Output>
      PlanJobResponse: MessageTypeDefinition<_cloudless_v1_PlanJobResponse, _cloudless_v1_PlanJobResponse__Output>
      PlanOutcome: EnumTypeDefinition
      ProfilePoint: MessageTypeDefinition<_cloudless_v1_ProfilePoint, _cloudless_v1_ProfilePoint__Output>
      Proposal: MessageTypeDefinition<_cloudless_v1_Proposal, _cloudless_v1_Proposal__Output>
      Reason: MessageTypeDefinition<_cloudless_v1_Reason, _cloudless_v1_Reason__Output>
      RegionCapacity: MessageTypeDefinition<_cloudless_v1_RegionCapacity, _cloudless_v1_RegionCapacity__Output>
      RegionCost: MessageTypeDefinition<_cloudless_v1_RegionCost, _cloudless_v1_RegionCost__Output>
      RegionSite: MessageTypeDefinition<_cloudless_v1_RegionSite, _cloudless_v1_RegionSite__Output>
      ResourceSpec: MessageTypeDefinition<_cloudless_v1_ResourceSpec, _cloudless_v1_ResourceSpec__Output>
      ResumeJobRequest: MessageTypeDefinition<_cloudless_v1_ResumeJobRequest, _cloudless_v1_ResumeJobRequest__Output>
      ResumeJobResponse: MessageTypeDefinition<_cloudless_v1_ResumeJobResponse, _cloudless_v1_ResumeJobResponse__Output>
      Round: MessageTypeDefinition<_cloudless_v1_Round, _cloudless_v1_Round__Output>
      RoundMember: MessageTypeDefinition<_cloudless_v1_RoundMember, _cloudless_v1_RoundMember__Output>
      RoundPlan: MessageTypeDefinition<_cloudless_v1_RoundPlan, _cloudless_v1_RoundPlan__Output>
      RoundTotals: MessageTypeDefinition<_cloudless_v1_RoundTotals, _cloudless_v1_RoundTotals__Output>
      ServedFunction: MessageTypeDefinition<_cloudless_v1_ServedFunction, _cloudless_v1_ServedFunction__Output>
      ServedPipeline: MessageTypeDefinition<_cloudless_v1_ServedPipeline, _cloudless_v1_ServedPipeline__Output>
      ServingStatus: MessageTypeDefinition<_cloudless_v1_ServingStatus, _cloudless_v1_ServingStatus__Output>
      Shard: MessageTypeDefinition<_cloudless_v1_Shard, _cloudless_v1_Shard__Output>
      Slo: MessageTypeDefinition<_cloudless_v1_Slo, _cloudless_v1_Slo__Output>
      SloPer: EnumTypeDefinition
      StageBudget: MessageTypeDefinition<_cloudless_v1_StageBudget, _cloudless_v1_StageBudget__Output>
      StageMeasure: MessageTypeDefinition<_cloudless_v1_StageMeasure, _cloudless_v1_StageMeasure__Output>
      StagingProgress: MessageTypeDefinition<_cloudless_v1_StagingProgress, _cloudless_v1_StagingProgress__Output>
      StateSnapshot: MessageTypeDefinition<_cloudless_v1_StateSnapshot, _cloudless_v1_StateSnapshot__Output>
      StreamFunctionLogsRequest: MessageTypeDefinition<_cloudless_v1_StreamFunctionLogsRequest, _cloudless_v1_StreamFunctionLogsRequest__Output>
      StreamFunctionLogsResponse: MessageTypeDefinition<_cloudless_v1_StreamFunctionLogsResponse, _cloudless_v1_StreamFunctionLogsResponse__Output>
      StreamLogsRequest: MessageTypeDefinition<_cloudless_v1_StreamLogsRequest, _cloudless_v1_StreamLogsRequest__Output>
      StreamLogsResponse: MessageTypeDefinition<_cloudless_v1_StreamLogsResponse, _cloudless_v1_StreamLogsResponse__Output>
      SyncProgress: MessageTypeDefinition<_cloudless_v1_SyncProgress, _cloudless_v1_SyncProgress__Output>
      SyncSpec: MessageTypeDefinition<_cloudless_v1_SyncSpec, _cloudless_v1_SyncSpec__Output>
      Target: MessageTypeDefinition<_cloudless_v1_Target, _cloudless_v1_Target__Output>
      Tensor: MessageTypeDefinition<_cloudless_v1_Tensor, _cloudless_v1_Tensor__Output>
      TensorLayout: MessageTypeDefinition<_cloudless_v1_TensorLayout, _cloudless_v1_TensorLayout__Output>
      TrainingSpec: MessageTypeDefinition<_cloudless_v1_TrainingSpec, _cloudless_v1_TrainingSpec__Output>
      UpdateAck: MessageTypeDefinition<_cloudless_v1_UpdateAck, _cloudless_v1_UpdateAck__Output>
      UpdateHeader: MessageTypeDefinition<_cloudless_v1_UpdateHeader, _cloudless_v1_UpdateHeader__Output>
      UpdateKind: EnumTypeDefinition
      UploadBundleRequest: MessageTypeDefinition<_cloudless_v1_UploadBundleRequest, _cloudless_v1_UploadBundleRequest__Output>
      UploadBundleResponse: MessageTypeDefinition<_cloudless_v1_UploadBundleResponse, _cloudless_v1_UploadBundleResponse__Output>
      UploadModelRequest: MessageTypeDefinition<_cloudless_v1_UploadModelRequest, _cloudless_v1_UploadModelRequest__Output>
      UploadModelResponse: MessageTypeDefinition<_cloudless_v1_UploadModelResponse, _cloudless_v1_UploadModelResponse__Output>
      Usage: MessageTypeDefinition<_cloudless_v1_Usage, _cloudless_v1_Usage__Output>
      UsageGap: MessageTypeDefinition<_cloudless_v1_UsageGap, _cloudless_v1_UsageGap__Output>
      UsageKind: EnumTypeDefinition
      WatchJobRequest: MessageTypeDefinition<_cloudless_v1_WatchJobRequest, _cloudless_v1_WatchJobRequest__Output>
      WatchJobResponse: MessageTypeDefinition<_cloudless_v1_WatchJobResponse, _cloudless_v1_WatchJobResponse__Output>
      WatchOpen: MessageTypeDefinition<_cloudless_v1_WatchOpen, _cloudless_v1_WatchOpen__Output>
      WatchPeerRequest: MessageTypeDefinition<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerRequest__Output>
      WatchPeerResponse: MessageTypeDefinition<_cloudless_v1_WatchPeerResponse, _cloudless_v1_WatchPeerResponse__Output>
      WishedInstance: MessageTypeDefinition<_cloudless_v1_WishedInstance, _cloudless_v1_WishedInstance__Output>
    }
  }
}

