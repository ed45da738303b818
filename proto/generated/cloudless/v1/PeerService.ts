// Original file: proto/cloudless/v1/peer.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FetchRequest as _cloudless_v1_FetchRequest, FetchRequest__Output as _cloudless_v1_FetchRequest__Output } from '../../cloudless/v1/FetchRequest.ts';
import type { FetchResponse as _cloudless_v1_FetchResponse, FetchResponse__Output as _cloudless_v1_FetchResponse__Output } from '../../cloudless/v1/FetchResponse.ts';
import type { WatchPeerRequest as _cloudless_v1_WatchPeerRequest, WatchPeerRequest__Output as _cloudless_v1_WatchPeerRequest__Output } from '../../cloudless/v1/WatchPeerRequest.ts';
import type { WatchPeerResponse as _cloudless_v1_WatchPeerResponse, WatchPeerResponse__Output as _cloudless_v1_WatchPeerResponse__Output } from '../../cloudless/v1/WatchPeerResponse.ts';

export interface PeerServiceClient extends grpc.Client {
  Fetch(argument: _cloudless_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  Fetch(argument: _cloudless_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  fetch(argument: _cloudless_v1_FetchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  fetch(argument: _cloudless_v1_FetchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_FetchResponse__Output>;
  
  WatchPeer(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerResponse__Output>;
  WatchPeer(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerResponse__Output>;
  watchPeer(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerResponse__Output>;
  watchPeer(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerResponse__Output>;
  
}

export interface PeerServiceHandlers extends grpc.UntypedServiceImplementation {
  Fetch: grpc.handleServerStreamingCall<_cloudless_v1_FetchRequest__Output, _cloudless_v1_FetchResponse>;
  
  WatchPeer: grpc.handleBidiStreamingCall<_cloudless_v1_WatchPeerRequest__Output, _cloudless_v1_WatchPeerResponse>;
  
}

export interface PeerServiceDefinition extends grpc.ServiceDefinition {
  Fetch: MethodDefinition<_cloudless_v1_FetchRequest, _cloudless_v1_FetchResponse, _cloudless_v1_FetchRequest__Output, _cloudless_v1_FetchResponse__Output>
  WatchPeer: MethodDefinition<_cloudless_v1_WatchPeerRequest, _cloudless_v1_WatchPeerResponse, _cloudless_v1_WatchPeerRequest__Output, _cloudless_v1_WatchPeerResponse__Output>
}
