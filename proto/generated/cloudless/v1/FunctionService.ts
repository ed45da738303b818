// Original file: proto/cloudless/v1/function.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteFunctionRequest as _cloudless_v1_DeleteFunctionRequest, DeleteFunctionRequest__Output as _cloudless_v1_DeleteFunctionRequest__Output } from '../../cloudless/v1/DeleteFunctionRequest.ts';
import type { DeleteFunctionResponse as _cloudless_v1_DeleteFunctionResponse, DeleteFunctionResponse__Output as _cloudless_v1_DeleteFunctionResponse__Output } from '../../cloudless/v1/DeleteFunctionResponse.ts';
import type { DeployFunctionRequest as _cloudless_v1_DeployFunctionRequest, DeployFunctionRequest__Output as _cloudless_v1_DeployFunctionRequest__Output } from '../../cloudless/v1/DeployFunctionRequest.ts';
import type { DeployFunctionResponse as _cloudless_v1_DeployFunctionResponse, DeployFunctionResponse__Output as _cloudless_v1_DeployFunctionResponse__Output } from '../../cloudless/v1/DeployFunctionResponse.ts';
import type { GetFunctionRequest as _cloudless_v1_GetFunctionRequest, GetFunctionRequest__Output as _cloudless_v1_GetFunctionRequest__Output } from '../../cloudless/v1/GetFunctionRequest.ts';
import type { GetFunctionResponse as _cloudless_v1_GetFunctionResponse, GetFunctionResponse__Output as _cloudless_v1_GetFunctionResponse__Output } from '../../cloudless/v1/GetFunctionResponse.ts';
import type { ListFunctionEventsRequest as _cloudless_v1_ListFunctionEventsRequest, ListFunctionEventsRequest__Output as _cloudless_v1_ListFunctionEventsRequest__Output } from '../../cloudless/v1/ListFunctionEventsRequest.ts';
import type { ListFunctionEventsResponse as _cloudless_v1_ListFunctionEventsResponse, ListFunctionEventsResponse__Output as _cloudless_v1_ListFunctionEventsResponse__Output } from '../../cloudless/v1/ListFunctionEventsResponse.ts';
import type { ListFunctionsRequest as _cloudless_v1_ListFunctionsRequest, ListFunctionsRequest__Output as _cloudless_v1_ListFunctionsRequest__Output } from '../../cloudless/v1/ListFunctionsRequest.ts';
import type { ListFunctionsResponse as _cloudless_v1_ListFunctionsResponse, ListFunctionsResponse__Output as _cloudless_v1_ListFunctionsResponse__Output } from '../../cloudless/v1/ListFunctionsResponse.ts';
import type { StreamFunctionLogsRequest as _cloudless_v1_StreamFunctionLogsRequest, StreamFunctionLogsRequest__Output as _cloudless_v1_StreamFunctionLogsRequest__Output } from '../../cloudless/v1/StreamFunctionLogsRequest.ts';
import type { StreamFunctionLogsResponse as _cloudless_v1_StreamFunctionLogsResponse, StreamFunctionLogsResponse__Output as _cloudless_v1_StreamFunctionLogsResponse__Output } from '../../cloudless/v1/StreamFunctionLogsResponse.ts';

export interface FunctionServiceClient extends grpc.Client {
  DeleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  deleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  deleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  deleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  deleteFunction(argument: _cloudless_v1_DeleteFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_DeleteFunctionResponse__Output>): grpc.ClientUnaryCall;
  
  DeployFunction(argument: _cloudless_v1_DeployFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeployFunction(argument: _cloudless_v1_DeployFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeployFunction(argument: _cloudless_v1_DeployFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  DeployFunction(argument: _cloudless_v1_DeployFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  deployFunction(argument: _cloudless_v1_DeployFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  deployFunction(argument: _cloudless_v1_DeployFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  deployFunction(argument: _cloudless_v1_DeployFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  deployFunction(argument: _cloudless_v1_DeployFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_DeployFunctionResponse__Output>): grpc.ClientUnaryCall;
  
  GetFunction(argument: _cloudless_v1_GetFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  GetFunction(argument: _cloudless_v1_GetFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  GetFunction(argument: _cloudless_v1_GetFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  GetFunction(argument: _cloudless_v1_GetFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  getFunction(argument: _cloudless_v1_GetFunctionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  getFunction(argument: _cloudless_v1_GetFunctionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  getFunction(argument: _cloudless_v1_GetFunctionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  getFunction(argument: _cloudless_v1_GetFunctionRequest, callback: grpc.requestCallback<_cloudless_v1_GetFunctionResponse__Output>): grpc.ClientUnaryCall;
  
  ListFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  listFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  listFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  listFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  listFunctionEvents(argument: _cloudless_v1_ListFunctionEventsRequest, callback: grpc.requestCallback<_cloudless_v1_ListFunctionEventsResponse__Output>): grpc.ClientUnaryCall;
  
  ListFunctions(argument: _cloudless_v1_ListFunctionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctions(argument: _cloudless_v1_ListFunctionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctions(argument: _cloudless_v1_ListFunctionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  ListFunctions(argument: _cloudless_v1_ListFunctionsRequest, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  listFunctions(argument: _cloudless_v1_ListFunctionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  listFunctions(argument: _cloudless_v1_ListFunctionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  listFunctions(argument: _cloudless_v1_ListFunctionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  listFunctions(argument: _cloudless_v1_ListFunctionsRequest, callback: grpc.requestCallback<_cloudless_v1_ListFunctionsResponse__Output>): grpc.ClientUnaryCall;
  
  StreamFunctionLogs(argument: _cloudless_v1_StreamFunctionLogsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamFunctionLogsResponse__Output>;
  StreamFunctionLogs(argument: _cloudless_v1_StreamFunctionLogsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamFunctionLogsResponse__Output>;
  streamFunctionLogs(argument: _cloudless_v1_StreamFunctionLogsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamFunctionLogsResponse__Output>;
  streamFunctionLogs(argument: _cloudless_v1_StreamFunctionLogsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamFunctionLogsResponse__Output>;
  
}

export interface FunctionServiceHandlers extends grpc.UntypedServiceImplementation {
  DeleteFunction: grpc.handleUnaryCall<_cloudless_v1_DeleteFunctionRequest__Output, _cloudless_v1_DeleteFunctionResponse>;
  
  DeployFunction: grpc.handleUnaryCall<_cloudless_v1_DeployFunctionRequest__Output, _cloudless_v1_DeployFunctionResponse>;
  
  GetFunction: grpc.handleUnaryCall<_cloudless_v1_GetFunctionRequest__Output, _cloudless_v1_GetFunctionResponse>;
  
  ListFunctionEvents: grpc.handleUnaryCall<_cloudless_v1_ListFunctionEventsRequest__Output, _cloudless_v1_ListFunctionEventsResponse>;
  
  ListFunctions: grpc.handleUnaryCall<_cloudless_v1_ListFunctionsRequest__Output, _cloudless_v1_ListFunctionsResponse>;
  
  StreamFunctionLogs: grpc.handleServerStreamingCall<_cloudless_v1_StreamFunctionLogsRequest__Output, _cloudless_v1_StreamFunctionLogsResponse>;
  
}

export interface FunctionServiceDefinition extends grpc.ServiceDefinition {
  DeleteFunction: MethodDefinition<_cloudless_v1_DeleteFunctionRequest, _cloudless_v1_DeleteFunctionResponse, _cloudless_v1_DeleteFunctionRequest__Output, _cloudless_v1_DeleteFunctionResponse__Output>
  DeployFunction: MethodDefinition<_cloudless_v1_DeployFunctionRequest, _cloudless_v1_DeployFunctionResponse, _cloudless_v1_DeployFunctionRequest__Output, _cloudless_v1_DeployFunctionResponse__Output>
  GetFunction: MethodDefinition<_cloudless_v1_GetFunctionRequest, _cloudless_v1_GetFunctionResponse, _cloudless_v1_GetFunctionRequest__Output, _cloudless_v1_GetFunctionResponse__Output>
  ListFunctionEvents: MethodDefinition<_cloudless_v1_ListFunctionEventsRequest, _cloudless_v1_ListFunctionEventsResponse, _cloudless_v1_ListFunctionEventsRequest__Output, _cloudless_v1_ListFunctionEventsResponse__Output>
  ListFunctions: MethodDefinition<_cloudless_v1_ListFunctionsRequest, _cloudless_v1_ListFunctionsResponse, _cloudless_v1_ListFunctionsRequest__Output, _cloudless_v1_ListFunctionsResponse__Output>
  StreamFunctionLogs: MethodDefinition<_cloudless_v1_StreamFunctionLogsRequest, _cloudless_v1_StreamFunctionLogsResponse, _cloudless_v1_StreamFunctionLogsRequest__Output, _cloudless_v1_StreamFunctionLogsResponse__Output>
}
