// Original file: proto/cloudless/v1/fleet.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ConnectRequest as _cloudless_v1_ConnectRequest, ConnectRequest__Output as _cloudless_v1_ConnectRequest__Output } from '../../cloudless/v1/ConnectRequest.ts';
import type { ConnectResponse as _cloudless_v1_ConnectResponse, ConnectResponse__Output as _cloudless_v1_ConnectResponse__Output } from '../../cloudless/v1/ConnectResponse.ts';
import type { FetchBundleRequest as _cloudless_v1_FetchBundleRequest, FetchBundleRequest__Output as _cloudless_v1_FetchBundleRequest__Output } from '../../cloudless/v1/FetchBundleRequest.ts';
import type { FetchBundleResponse as _cloudless_v1_FetchBundleResponse, FetchBundleResponse__Output as _cloudless_v1_FetchBundleResponse__Output } from '../../cloudless/v1/FetchBundleResponse.ts';
import type { UploadModelRequest as _cloudless_v1_UploadModelRequest, UploadModelRequest__Output as _cloudless_v1_UploadModelRequest__Output } from '../../cloudless/v1/UploadModelRequest.ts';
import type { UploadModelResponse as _cloudless_v1_UploadModelResponse, UploadModelResponse__Output as _cloudless_v1_UploadModelResponse__Output } from '../../cloudless/v1/UploadModelResponse.ts';

export interface FleetServiceClient extends grpc.Client {
  Connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectResponse__Output>;
  Connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectResponse__Output>;
  connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectResponse__Output>;
  connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectResponse__Output>;
  
  FetchBundle(argument: _cloudless_v1_FetchBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchBundleResponse__Output>;
  FetchBundle(argument: _cloudless_v1_FetchBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchBundleResponse__Output>;
  fetchBundle(argument: _cloudless_v1_FetchBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchBundleResponse__Output>;
  fetchBundle(argument: _cloudless_v1_FetchBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchBundleResponse__Output>;
  
  UploadModel(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  UploadModel(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  UploadModel(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  UploadModel(callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  uploadModel(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  uploadModel(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  uploadModel(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  uploadModel(callback: grpc.requestCallback<_cloudless_v1_UploadModelResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadModelRequest>;
  
}

export interface FleetServiceHandlers extends grpc.UntypedServiceImplementation {
  Connect: grpc.handleBidiStreamingCall<_cloudless_v1_ConnectRequest__Output, _cloudless_v1_ConnectResponse>;
  
  FetchBundle: grpc.handleServerStreamingCall<_cloudless_v1_FetchBundleRequest__Output, _cloudless_v1_FetchBundleResponse>;
  
  UploadModel: grpc.handleClientStreamingCall<_cloudless_v1_UploadModelRequest__Output, _cloudless_v1_UploadModelResponse>;
  
}

export interface FleetServiceDefinition extends grpc.ServiceDefinition {
  Connect: MethodDefinition<_cloudless_v1_ConnectRequest, _cloudless_v1_ConnectResponse, _cloudless_v1_ConnectRequest__Output, _cloudless_v1_ConnectResponse__Output>
  FetchBundle: MethodDefinition<_cloudless_v1_FetchBundleRequest, _cloudless_v1_FetchBundleResponse, _cloudless_v1_FetchBundleRequest__Output, _cloudless_v1_FetchBundleResponse__Output>
  UploadModel: MethodDefinition<_cloudless_v1_UploadModelRequest, _cloudless_v1_UploadModelResponse, _cloudless_v1_UploadModelRequest__Output, _cloudless_v1_UploadModelResponse__Output>
}
