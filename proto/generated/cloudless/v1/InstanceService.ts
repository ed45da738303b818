// Original file: proto/cloudless/v1/instance.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AttachRequest as _cloudless_v1_AttachRequest, AttachRequest__Output as _cloudless_v1_AttachRequest__Output } from '../../cloudless/v1/AttachRequest.ts';
import type { AttachResponse as _cloudless_v1_AttachResponse, AttachResponse__Output as _cloudless_v1_AttachResponse__Output } from '../../cloudless/v1/AttachResponse.ts';

export interface InstanceServiceClient extends grpc.Client {
  Attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_AttachRequest, _cloudless_v1_AttachResponse__Output>;
  Attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_AttachRequest, _cloudless_v1_AttachResponse__Output>;
  attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_AttachRequest, _cloudless_v1_AttachResponse__Output>;
  attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_cloudless_v1_AttachRequest, _cloudless_v1_AttachResponse__Output>;
  
}

export interface InstanceServiceHandlers extends grpc.UntypedServiceImplementation {
  Attach: grpc.handleBidiStreamingCall<_cloudless_v1_AttachRequest__Output, _cloudless_v1_AttachResponse>;
  
}

export interface InstanceServiceDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_cloudless_v1_AttachRequest, _cloudless_v1_AttachResponse, _cloudless_v1_AttachRequest__Output, _cloudless_v1_AttachResponse__Output>
}
