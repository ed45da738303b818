// Original file: proto/cloudless/v1/data.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FetchRequest as _cloudless_v1_FetchRequest, FetchRequest__Output as _cloudless_v1_FetchRequest__Output } from '../../cloudless/v1/FetchRequest.ts';
import type { FetchResponse as _cloudless_v1_FetchResponse, FetchResponse__Output as _cloudless_v1_FetchResponse__Output } from '../../cloudless/v1/FetchResponse.ts';
import type { ListDataRequest as _cloudless_v1_ListDataRequest, ListDataRequest__Output as _cloudless_v1_ListDataRequest__Output } from '../../cloudless/v1/ListDataRequest.ts';
import type { ListDataResponse as _cloudless_v1_ListDataResponse, ListDataResponse__Output as _cloudless_v1_ListDataResponse__Output } from '../../cloudless/v1/ListDataResponse.ts';

export interface DataServiceClient extends grpc.Client {
  Fetch(argument: _cloudless_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  Fetch(argument: _cloudless_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  fetch(argument: _cloudless_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  fetch(argument: _cloudless_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  
  ListData(argument: _cloudless_v1_ListDataRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_ListDataResponse__Output>;
  ListData(argument: _cloudless_v1_ListDataRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_ListDataResponse__Output>;
  listData(argument: _cloudless_v1_ListDataRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_ListDataResponse__Output>;
  listData(argument: _cloudless_v1_ListDataRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_ListDataResponse__Output>;
  
}

export interface DataServiceHandlers extends grpc.UntypedServiceImplementation {
  Fetch: grpc.handleServerStreamingCall<_cloudless_v1_FetchRequest__Output, _cloudless_v1_FetchResponse>;
  
  ListData: grpc.handleServerStreamingCall<_cloudless_v1_ListDataRequest__Output, _cloudless_v1_ListDataResponse>;
  
}

export interface DataServiceDefinition extends grpc.ServiceDefinition {
  Fetch: MethodDefinition<_cloudless_v1_FetchRequest, _cloudless_v1_FetchResponse, _cloudless_v1_FetchRequest__Output, _cloudless_v1_FetchResponse__Output>
  ListData: MethodDefinition<_cloudless_v1_ListDataRequest, _cloudless_v1_ListDataResponse, _cloudless_v1_ListDataRequest__Output, _cloudless_v1_ListDataResponse__Output>
}
