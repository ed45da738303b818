// Original file: proto/cloudless/v1/peer.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PullUpdatesRequest as _cloudless_v1_PullUpdatesRequest, PullUpdatesRequest__Output as _cloudless_v1_PullUpdatesRequest__Output } from '../../cloudless/v1/PullUpdatesRequest.ts';
import type { PullUpdatesResponse as _cloudless_v1_PullUpdatesResponse, PullUpdatesResponse__Output as _cloudless_v1_PullUpdatesResponse__Output } from '../../cloudless/v1/PullUpdatesResponse.ts';

export interface PeerServiceClient extends grpc.Client {
  PullUpdates(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesResponse__Output>;
  PullUpdates(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesResponse__Output>;
  pullUpdates(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesResponse__Output>;
  pullUpdates(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesResponse__Output>;
  
}

export interface PeerServiceHandlers extends grpc.UntypedServiceImplementation {
  PullUpdates: grpc.handleBidiStreamingCall<_cloudless_v1_PullUpdatesRequest__Output, _cloudless_v1_PullUpdatesResponse>;
  
}

export interface PeerServiceDefinition extends grpc.ServiceDefinition {
  PullUpdates: MethodDefinition<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesResponse, _cloudless_v1_PullUpdatesRequest__Output, _cloudless_v1_PullUpdatesResponse__Output>
}
