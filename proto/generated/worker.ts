import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Chunk as _cloudless_v1_Chunk, Chunk__Output as _cloudless_v1_Chunk__Output } from './cloudless/v1/Chunk.ts';
import type { JoinRequest as _cloudless_v1_JoinRequest, JoinRequest__Output as _cloudless_v1_JoinRequest__Output } from './cloudless/v1/JoinRequest.ts';
import type { JoinResponse as _cloudless_v1_JoinResponse, JoinResponse__Output as _cloudless_v1_JoinResponse__Output } from './cloudless/v1/JoinResponse.ts';
import type { LeaseSamplesRequest as _cloudless_v1_LeaseSamplesRequest, LeaseSamplesRequest__Output as _cloudless_v1_LeaseSamplesRequest__Output } from './cloudless/v1/LeaseSamplesRequest.ts';
import type { LeaseSamplesResponse as _cloudless_v1_LeaseSamplesResponse, LeaseSamplesResponse__Output as _cloudless_v1_LeaseSamplesResponse__Output } from './cloudless/v1/LeaseSamplesResponse.ts';
import type { LeaveRequest as _cloudless_v1_LeaveRequest, LeaveRequest__Output as _cloudless_v1_LeaveRequest__Output } from './cloudless/v1/LeaveRequest.ts';
import type { LeaveResponse as _cloudless_v1_LeaveResponse, LeaveResponse__Output as _cloudless_v1_LeaveResponse__Output } from './cloudless/v1/LeaveResponse.ts';
import type { Optimiser as _cloudless_v1_Optimiser, Optimiser__Output as _cloudless_v1_Optimiser__Output } from './cloudless/v1/Optimiser.ts';
import type { ParameterGroup as _cloudless_v1_ParameterGroup, ParameterGroup__Output as _cloudless_v1_ParameterGroup__Output } from './cloudless/v1/ParameterGroup.ts';
import type { PeerServiceClient as _cloudless_v1_PeerServiceClient, PeerServiceDefinition as _cloudless_v1_PeerServiceDefinition } from './cloudless/v1/PeerService.ts';
import type { PullAck as _cloudless_v1_PullAck, PullAck__Output as _cloudless_v1_PullAck__Output } from './cloudless/v1/PullAck.ts';
import type { PullOpen as _cloudless_v1_PullOpen, PullOpen__Output as _cloudless_v1_PullOpen__Output } from './cloudless/v1/PullOpen.ts';
import type { PullParametersRequest as _cloudless_v1_PullParametersRequest, PullParametersRequest__Output as _cloudless_v1_PullParametersRequest__Output } from './cloudless/v1/PullParametersRequest.ts';
import type { PullParametersResponse as _cloudless_v1_PullParametersResponse, PullParametersResponse__Output as _cloudless_v1_PullParametersResponse__Output } from './cloudless/v1/PullParametersResponse.ts';
import type { PullUpdatesRequest as _cloudless_v1_PullUpdatesRequest, PullUpdatesRequest__Output as _cloudless_v1_PullUpdatesRequest__Output } from './cloudless/v1/PullUpdatesRequest.ts';
import type { PullUpdatesResponse as _cloudless_v1_PullUpdatesResponse, PullUpdatesResponse__Output as _cloudless_v1_PullUpdatesResponse__Output } from './cloudless/v1/PullUpdatesResponse.ts';
import type { PushGradientRequest as _cloudless_v1_PushGradientRequest, PushGradientRequest__Output as _cloudless_v1_PushGradientRequest__Output } from './cloudless/v1/PushGradientRequest.ts';
import type { PushGradientResponse as _cloudless_v1_PushGradientResponse, PushGradientResponse__Output as _cloudless_v1_PushGradientResponse__Output } from './cloudless/v1/PushGradientResponse.ts';
import type { ReportEvaluationRequest as _cloudless_v1_ReportEvaluationRequest, ReportEvaluationRequest__Output as _cloudless_v1_ReportEvaluationRequest__Output } from './cloudless/v1/ReportEvaluationRequest.ts';
import type { ReportEvaluationResponse as _cloudless_v1_ReportEvaluationResponse, ReportEvaluationResponse__Output as _cloudless_v1_ReportEvaluationResponse__Output } from './cloudless/v1/ReportEvaluationResponse.ts';
import type { StepHeader as _cloudless_v1_StepHeader, StepHeader__Output as _cloudless_v1_StepHeader__Output } from './cloudless/v1/StepHeader.ts';
import type { Tensor as _cloudless_v1_Tensor, Tensor__Output as _cloudless_v1_Tensor__Output } from './cloudless/v1/Tensor.ts';
import type { TensorLayout as _cloudless_v1_TensorLayout, TensorLayout__Output as _cloudless_v1_TensorLayout__Output } from './cloudless/v1/TensorLayout.ts';
import type { UpdateHeader as _cloudless_v1_UpdateHeader, UpdateHeader__Output as _cloudless_v1_UpdateHeader__Output } from './cloudless/v1/UpdateHeader.ts';
import type { WorkerServiceClient as _cloudless_v1_WorkerServiceClient, WorkerServiceDefinition as _cloudless_v1_WorkerServiceDefinition } from './cloudless/v1/WorkerService.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      Chunk: MessageTypeDefinition<_cloudless_v1_Chunk, _cloudless_v1_Chunk__Output>
      JoinRequest: MessageTypeDefinition<_cloudless_v1_JoinRequest, _cloudless_v1_JoinRequest__Output>
      JoinResponse: MessageTypeDefinition<_cloudless_v1_JoinResponse, _cloudless_v1_JoinResponse__Output>
      LeaseOutcome: EnumTypeDefinition
      LeaseSamplesRequest: MessageTypeDefinition<_cloudless_v1_LeaseSamplesRequest, _cloudless_v1_LeaseSamplesRequest__Output>
      LeaseSamplesResponse: MessageTypeDefinition<_cloudless_v1_LeaseSamplesResponse, _cloudless_v1_LeaseSamplesResponse__Output>
      LeaveRequest: MessageTypeDefinition<_cloudless_v1_LeaveRequest, _cloudless_v1_LeaveRequest__Output>
      LeaveResponse: MessageTypeDefinition<_cloudless_v1_LeaveResponse, _cloudless_v1_LeaveResponse__Output>
      Optimiser: MessageTypeDefinition<_cloudless_v1_Optimiser, _cloudless_v1_Optimiser__Output>
      ParameterGroup: MessageTypeDefinition<_cloudless_v1_ParameterGroup, _cloudless_v1_ParameterGroup__Output>
      PeerService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_PeerServiceClient> & { service: _cloudless_v1_PeerServiceDefinition }
      PullAck: MessageTypeDefinition<_cloudless_v1_PullAck, _cloudless_v1_PullAck__Output>
      PullOpen: MessageTypeDefinition<_cloudless_v1_PullOpen, _cloudless_v1_PullOpen__Output>
      PullParametersRequest: MessageTypeDefinition<_cloudless_v1_PullParametersRequest, _cloudless_v1_PullParametersRequest__Output>
      PullParametersResponse: MessageTypeDefinition<_cloudless_v1_PullParametersResponse, _cloudless_v1_PullParametersResponse__Output>
      PullUpdatesRequest: MessageTypeDefinition<_cloudless_v1_PullUpdatesRequest, _cloudless_v1_PullUpdatesRequest__Output>
      PullUpdatesResponse: MessageTypeDefinition<_cloudless_v1_PullUpdatesResponse, _cloudless_v1_PullUpdatesResponse__Output>
      PushGradientRequest: MessageTypeDefinition<_cloudless_v1_PushGradientRequest, _cloudless_v1_PushGradientRequest__Output>
      PushGradientResponse: MessageTypeDefinition<_cloudless_v1_PushGradientResponse, _cloudless_v1_PushGradientResponse__Output>
      ReportEvaluationRequest: MessageTypeDefinition<_cloudless_v1_ReportEvaluationRequest, _cloudless_v1_ReportEvaluationRequest__Output>
      ReportEvaluationResponse: MessageTypeDefinition<_cloudless_v1_ReportEvaluationResponse, _cloudless_v1_ReportEvaluationResponse__Output>
      StepHeader: MessageTypeDefinition<_cloudless_v1_StepHeader, _cloudless_v1_StepHeader__Output>
      Tensor: MessageTypeDefinition<_cloudless_v1_Tensor, _cloudless_v1_Tensor__Output>
      TensorLayout: MessageTypeDefinition<_cloudless_v1_TensorLayout, _cloudless_v1_TensorLayout__Output>
      UpdateHeader: MessageTypeDefinition<_cloudless_v1_UpdateHeader, _cloudless_v1_UpdateHeader__Output>
      UpdateKind: EnumTypeDefinition
      WorkerService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_WorkerServiceClient> & { service: _cloudless_v1_WorkerServiceDefinition }
    }
  }
}

