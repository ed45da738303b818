import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from './cloudless/v1/Chunk.ts';
import type { Optimiser as _cloudless_v1_Optimiser, Optimiser__Output as _cloudless_v1_Optimiser__Output } from './cloudless/v1/Optimiser.ts';
import type { ParameterGroup as _cloudless_v1_ParameterGroup, ParameterGroup__Output as _cloudless_v1_ParameterGroup__Output } from './cloudless/v1/ParameterGroup.ts';
import type { PeerServiceClient as _cloudless_v1_PeerServiceClient, PeerServiceDefinition as _cloudless_v1_PeerServiceDefinition } from './cloudless/v1/PeerService.ts';
import type { PullAck as _cloudless_v1_PullAck, PullAck__Output as _cloudless_v1_PullAck__Output } from './cloudless/v1/PullAck.ts';
import type { PullOpen as _cloudless_v1_PullOpen, PullOpen__Output as _cloudless_v1_PullOpen__Output } from './cloudless/v1/PullOpen.ts';
import type { PullUpdatesRequest as _cloudless_v1_PullUpdatesRequest, PullUpdatesRequest__Output as _cloudless_v1_PullUpdatesRequest__Output } from './cloudless/v1/PullUpdatesRequest.ts';
import type { PullUpdatesResponse as _cloudless_v1_PullUpdatesResponse, PullUpdatesResponse__Output as _cloudless_v1_PullUpdatesResponse__Output } from './cloudless/v1/PullUpdatesResponse.ts';
import type { Tensor as _cloudless_v1_Tensor, Tensor__Output as _cloudless_v1_Tensor__Output } from './cloudless/v1/Tensor.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from './cloudless/v1/TensorLayout.ts';
import type { UpdateHeader as _cloudless_v1_UpdateHeader, UpdateHeader__Output as _cloudless_v1_UpdateHeader__Output } from './cloudless/v1/UpdateHeader.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      Chunk: MessageTypeDefinition<_cloudless_v1_Chunk, _cloudless_v1_Chunk__Output>
      Optimiser: MessageTypeDefinition<_cloudless_v1_Optimiser, _cloudless_v1_Optimiser__Output>
      ParameterGroup: MessageTypeDefinition<_cloudless_v1_ParameterGroup, _cloudless_v1_ParameterGroup__Output>
      PeerService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_PeerServiceClient> & { service: _cloudless_v1_PeerServiceDefinition }
      PullAck: MessageTypeDefinition<_cloudless_v1_PullAck, _cloudless_v1_PullAck__Output>
      PullOpen: MessageTypeDefinition<_cloudless_v1_PullOpen, _cloudless_v1_PullOpen__Output>
      PullUpdatesRequest: MessageTypeDefinition<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesRequest__Output>
      PullUpdatesResponse: MessageTypeDefinition<_cloudless_v1_PullUpdatesResponse, _cloudless_v1_PullUpdatesResponse__Output>
      Tensor: MessageTypeDefinition<_cloudless_v1_Tensor, _cloudless_v1_Tensor__Output>
      TensorLayout: MessageTypeDefinition<_cloudless_v1_TensorLayout, _cloudless_v1_TensorLayout__Output>
      UpdateHeader: MessageTypeDefinition<_cloudless_v1_UpdateHeader, _cloudless_v1_UpdateHeader__Output>
      UpdateKind: EnumTypeDefinition
    }
  }
}

