// Original file: proto/cloudless/v1/cost.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetCostsRequest as _cloudless_v1_GetCostsRequest, GetCostsRequest__Output as _cloudless_v1_GetCostsRequest__Output } from '../../cloudless/v1/GetCostsRequest.ts';
import type { GetCostsResponse as _cloudless_v1_GetCostsResponse, GetCostsResponse__Output as _cloudless_v1_GetCostsResponse__Output } from '../../cloudless/v1/GetCostsResponse.ts';
import type { GetJobCostRequest as _cloudless_v1_GetJobCostRequest, GetJobCostRequest__Output as _cloudless_v1_GetJobCostRequest__Output } from '../../cloudless/v1/GetJobCostRequest.ts';
import type { GetJobCostResponse as _cloudless_v1_GetJobCostResponse, GetJobCostResponse__Output as _cloudless_v1_GetJobCostResponse__Output } from '../../cloudless/v1/GetJobCostResponse.ts';
import type { ListLedgerEntriesRequest as _cloudless_v1_ListLedgerEntriesRequest, ListLedgerEntriesRequest__Output as _cloudless_v1_ListLedgerEntriesRequest__Output } from '../../cloudless/v1/ListLedgerEntriesRequest.ts';
import type { ListLedgerEntriesResponse as _cloudless_v1_ListLedgerEntriesResponse, ListLedgerEntriesResponse__Output as _cloudless_v1_ListLedgerEntriesResponse__Output } from '../../cloudless/v1/ListLedgerEntriesResponse.ts';

export interface CostServiceClient extends grpc.Client {
  GetCosts(argument: _cloudless_v1_GetCostsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  GetCosts(argument: _cloudless_v1_GetCostsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  GetCosts(argument: _cloudless_v1_GetCostsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  GetCosts(argument: _cloudless_v1_GetCostsRequest, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  getCosts(argument: _cloudless_v1_GetCostsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  getCosts(argument: _cloudless_v1_GetCostsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  getCosts(argument: _cloudless_v1_GetCostsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  getCosts(argument: _cloudless_v1_GetCostsRequest, callback: grpc.requestCallback<_cloudless_v1_GetCostsResponse__Output>): grpc.ClientUnaryCall;
  
  GetJobCost(argument: _cloudless_v1_GetJobCostRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  GetJobCost(argument: _cloudless_v1_GetJobCostRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  GetJobCost(argument: _cloudless_v1_GetJobCostRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  GetJobCost(argument: _cloudless_v1_GetJobCostRequest, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  getJobCost(argument: _cloudless_v1_GetJobCostRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  getJobCost(argument: _cloudless_v1_GetJobCostRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  getJobCost(argument: _cloudless_v1_GetJobCostRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  getJobCost(argument: _cloudless_v1_GetJobCostRequest, callback: grpc.requestCallback<_cloudless_v1_GetJobCostResponse__Output>): grpc.ClientUnaryCall;
  
  ListLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  ListLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  ListLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  ListLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  listLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  listLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  listLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  listLedgerEntries(argument: _cloudless_v1_ListLedgerEntriesRequest, callback: grpc.requestCallback<_cloudless_v1_ListLedgerEntriesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface CostServiceHandlers extends grpc.UntypedServiceImplementation {
  GetCosts: grpc.handleUnaryCall<_cloudless_v1_GetCostsRequest__Output, _cloudless_v1_GetCostsResponse>;
  
  GetJobCost: grpc.handleUnaryCall<_cloudless_v1_GetJobCostRequest__Output, _cloudless_v1_GetJobCostResponse>;
  
  ListLedgerEntries: grpc.handleUnaryCall<_cloudless_v1_ListLedgerEntriesRequest__Output, _cloudless_v1_ListLedgerEntriesResponse>;
  
}

export interface CostServiceDefinition extends grpc.ServiceDefinition {
  GetCosts: MethodDefinition<_cloudless_v1_GetCostsRequest, _cloudless_v1_GetCostsResponse, _cloudless_v1_GetCostsRequest__Output, _cloudless_v1_GetCostsResponse__Output>
  GetJobCost: MethodDefinition<_cloudless_v1_GetJobCostRequest, _cloudless_v1_GetJobCostResponse, _cloudless_v1_GetJobCostRequest__Output, _cloudless_v1_GetJobCostResponse__Output>
  ListLedgerEntries: MethodDefinition<_cloudless_v1_ListLedgerEntriesRequest, _cloudless_v1_ListLedgerEntriesResponse, _cloudless_v1_ListLedgerEntriesRequest__Output, _cloudless_v1_ListLedgerEntriesResponse__Output>
}
