// Original file: proto/cloudless/v1/pipeline.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeletePipelineRequest as _cloudless_v1_DeletePipelineRequest, DeletePipelineRequest__Output as _cloudless_v1_DeletePipelineRequest__Output } from '../../cloudless/v1/DeletePipelineRequest.ts';
import type { DeletePipelineResponse as _cloudless_v1_DeletePipelineResponse, DeletePipelineResponse__Output as _cloudless_v1_DeletePipelineResponse__Output } from '../../cloudless/v1/DeletePipelineResponse.ts';
import type { DeployPipelineRequest as _cloudless_v1_DeployPipelineRequest, DeployPipelineRequest__Output as _cloudless_v1_DeployPipelineRequest__Output } from '../../cloudless/v1/DeployPipelineRequest.ts';
import type { DeployPipelineResponse as _cloudless_v1_DeployPipelineResponse, DeployPipelineResponse__Output as _cloudless_v1_DeployPipelineResponse__Output } from '../../cloudless/v1/DeployPipelineResponse.ts';
import type { GetPipelineRequest as _cloudless_v1_GetPipelineRequest, GetPipelineRequest__Output as _cloudless_v1_GetPipelineRequest__Output } from '../../cloudless/v1/GetPipelineRequest.ts';
import type { GetPipelineResponse as _cloudless_v1_GetPipelineResponse, GetPipelineResponse__Output as _cloudless_v1_GetPipelineResponse__Output } from '../../cloudless/v1/GetPipelineResponse.ts';
import type { ListPipelinesRequest as _cloudless_v1_ListPipelinesRequest, ListPipelinesRequest__Output as _cloudless_v1_ListPipelinesRequest__Output } from '../../cloudless/v1/ListPipelinesRequest.ts';
import type { ListPipelinesResponse as _cloudless_v1_ListPipelinesResponse, ListPipelinesResponse__Output as _cloudless_v1_ListPipelinesResponse__Output } from '../../cloudless/v1/ListPipelinesResponse.ts';

export interface PipelineServiceClient extends grpc.Client {
  DeletePipeline(argument: _cloudless_v1_DeletePipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  DeletePipeline(argument: _cloudless_v1_DeletePipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  DeletePipeline(argument: _cloudless_v1_DeletePipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  DeletePipeline(argument: _cloudless_v1_DeletePipelineRequest, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  deletePipeline(argument: _cloudless_v1_DeletePipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  deletePipeline(argument: _cloudless_v1_DeletePipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  deletePipeline(argument: _cloudless_v1_DeletePipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  deletePipeline(argument: _cloudless_v1_DeletePipelineRequest, callback: grpc.requestCallback<_cloudless_v1_DeletePipelineResponse__Output>): grpc.ClientUnaryCall;
  
  DeployPipeline(argument: _cloudless_v1_DeployPipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  DeployPipeline(argument: _cloudless_v1_DeployPipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  DeployPipeline(argument: _cloudless_v1_DeployPipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  DeployPipeline(argument: _cloudless_v1_DeployPipelineRequest, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  deployPipeline(argument: _cloudless_v1_DeployPipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  deployPipeline(argument: _cloudless_v1_DeployPipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  deployPipeline(argument: _cloudless_v1_DeployPipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  deployPipeline(argument: _cloudless_v1_DeployPipelineRequest, callback: grpc.requestCallback<_cloudless_v1_DeployPipelineResponse__Output>): grpc.ClientUnaryCall;
  
  GetPipeline(argument: _cloudless_v1_GetPipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  GetPipeline(argument: _cloudless_v1_GetPipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  GetPipeline(argument: _cloudless_v1_GetPipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  GetPipeline(argument: _cloudless_v1_GetPipelineRequest, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  getPipeline(argument: _cloudless_v1_GetPipelineRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  getPipeline(argument: _cloudless_v1_GetPipelineRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  getPipeline(argument: _cloudless_v1_GetPipelineRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  getPipeline(argument: _cloudless_v1_GetPipelineRequest, callback: grpc.requestCallback<_cloudless_v1_GetPipelineResponse__Output>): grpc.ClientUnaryCall;
  
  ListPipelines(argument: _cloudless_v1_ListPipelinesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  ListPipelines(argument: _cloudless_v1_ListPipelinesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  ListPipelines(argument: _cloudless_v1_ListPipelinesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  ListPipelines(argument: _cloudless_v1_ListPipelinesRequest, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  listPipelines(argument: _cloudless_v1_ListPipelinesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  listPipelines(argument: _cloudless_v1_ListPipelinesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  listPipelines(argument: _cloudless_v1_ListPipelinesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  listPipelines(argument: _cloudless_v1_ListPipelinesRequest, callback: grpc.requestCallback<_cloudless_v1_ListPipelinesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface PipelineServiceHandlers extends grpc.UntypedServiceImplementation {
  DeletePipeline: grpc.handleUnaryCall<_cloudless_v1_DeletePipelineRequest__Output, _cloudless_v1_DeletePipelineResponse>;
  
  DeployPipeline: grpc.handleUnaryCall<_cloudless_v1_DeployPipelineRequest__Output, _cloudless_v1_DeployPipelineResponse>;
  
  GetPipeline: grpc.handleUnaryCall<_cloudless_v1_GetPipelineRequest__Output, _cloudless_v1_GetPipelineResponse>;
  
  ListPipelines: grpc.handleUnaryCall<_cloudless_v1_ListPipelinesRequest__Output, _cloudless_v1_ListPipelinesResponse>;
  
}

export interface PipelineServiceDefinition extends grpc.ServiceDefinition {
  DeletePipeline: MethodDefinition<_cloudless_v1_DeletePipelineRequest, _cloudless_v1_DeletePipelineResponse, _cloudless_v1_DeletePipelineRequest__Output, _cloudless_v1_DeletePipelineResponse__Output>
  DeployPipeline: MethodDefinition<_cloudless_v1_DeployPipelineRequest, _cloudless_v1_DeployPipelineResponse, _cloudless_v1_DeployPipelineRequest__Output, _cloudless_v1_DeployPipelineResponse__Output>
  GetPipeline: MethodDefinition<_cloudless_v1_GetPipelineRequest, _cloudless_v1_GetPipelineResponse, _cloudless_v1_GetPipelineRequest__Output, _cloudless_v1_GetPipelineResponse__Output>
  ListPipelines: MethodDefinition<_cloudless_v1_ListPipelinesRequest, _cloudless_v1_ListPipelinesResponse, _cloudless_v1_ListPipelinesRequest__Output, _cloudless_v1_ListPipelinesResponse__Output>
}
