// Original file: proto/cloudless/v1/worker.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { JoinRequest as _cloudless_v1_JoinRequest, JoinRequest__Output as _cloudless_v1_JoinRequest__Output } from '../../cloudless/v1/JoinRequest.ts';
import type { JoinResponse as _cloudless_v1_JoinResponse, JoinResponse__Output as _cloudless_v1_JoinResponse__Output } from '../../cloudless/v1/JoinResponse.ts';
import type { LeaseSamplesRequest as _cloudless_v1_LeaseSamplesRequest, LeaseSamplesRequest__Output as _cloudless_v1_LeaseSamplesRequest__Output } from '../../cloudless/v1/LeaseSamplesRequest.ts';
import type { LeaseSamplesResponse as _cloudless_v1_LeaseSamplesResponse, LeaseSamplesResponse__Output as _cloudless_v1_LeaseSamplesResponse__Output } from '../../cloudless/v1/LeaseSamplesResponse.ts';
import type { LeaveRequest as _cloudless_v1_LeaveRequest, LeaveRequest__Output as _cloudless_v1_LeaveRequest__Output } from '../../cloudless/v1/LeaveRequest.ts';
import type { LeaveResponse as _cloudless_v1_LeaveResponse, LeaveResponse__Output as _cloudless_v1_LeaveResponse__Output } from '../../cloudless/v1/LeaveResponse.ts';
import type { PullParametersRequest as _cloudless_v1_PullParametersRequest, PullParametersRequest__Output as _cloudless_v1_PullParametersRequest__Output } from '../../cloudless/v1/PullParametersRequest.ts';
import type { PullParametersResponse as _cloudless_v1_PullParametersResponse, PullParametersResponse__Output as _cloudless_v1_PullParametersResponse__Output } from '../../cloudless/v1/PullParametersResponse.ts';
import type { PushGradientRequest as _cloudless_v1_PushGradientRequest, PushGradientRequest__Output as _cloudless_v1_PushGradientRequest__Output } from '../../cloudless/v1/PushGradientRequest.ts';
import type { PushGradientResponse as _cloudless_v1_PushGradientResponse, PushGradientResponse__Output as _cloudless_v1_PushGradientResponse__Output } from '../../cloudless/v1/PushGradientResponse.ts';
import type { ReportEvaluationRequest as _cloudless_v1_ReportEvaluationRequest, ReportEvaluationRequest__Output as _cloudless_v1_ReportEvaluationRequest__Output } from '../../cloudless/v1/ReportEvaluationRequest.ts';
import type { ReportEvaluationResponse as _cloudless_v1_ReportEvaluationResponse, ReportEvaluationResponse__Output as _cloudless_v1_ReportEvaluationResponse__Output } from '../../cloudless/v1/ReportEvaluationResponse.ts';

export interface WorkerServiceClient extends grpc.Client {
  Join(argument: _cloudless_v1_JoinRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _cloudless_v1_JoinRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _cloudless_v1_JoinRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  Join(argument: _cloudless_v1_JoinRequest, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _cloudless_v1_JoinRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _cloudless_v1_JoinRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _cloudless_v1_JoinRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  join(argument: _cloudless_v1_JoinRequest, callback: grpc.requestCallback<_cloudless_v1_JoinResponse__Output>): grpc.ClientUnaryCall;
  
  LeaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  LeaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  LeaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  LeaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  leaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  leaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  leaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  leaseSamples(argument: _cloudless_v1_LeaseSamplesRequest, callback: grpc.requestCallback<_cloudless_v1_LeaseSamplesResponse__Output>): grpc.ClientUnaryCall;
  
  Leave(argument: _cloudless_v1_LeaveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  Leave(argument: _cloudless_v1_LeaveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  Leave(argument: _cloudless_v1_LeaveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  Leave(argument: _cloudless_v1_LeaveRequest, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  leave(argument: _cloudless_v1_LeaveRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  leave(argument: _cloudless_v1_LeaveRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  leave(argument: _cloudless_v1_LeaveRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  leave(argument: _cloudless_v1_LeaveRequest, callback: grpc.requestCallback<_cloudless_v1_LeaveResponse__Output>): grpc.ClientUnaryCall;
  
  PullParameters(argument: _cloudless_v1_PullParametersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_PullParametersResponse__Output>;
  PullParameters(argument: _cloudless_v1_PullParametersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_PullParametersResponse__Output>;
  pullParameters(argument: _cloudless_v1_PullParametersRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_PullParametersResponse__Output>;
  pullParameters(argument: _cloudless_v1_PullParametersRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_PullParametersResponse__Output>;
  
  PushGradient(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  PushGradient(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  PushGradient(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  PushGradient(callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  pushGradient(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  pushGradient(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  pushGradient(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  pushGradient(callback: grpc.requestCallback<_cloudless_v1_PushGradientResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_PushGradientRequest>;
  
  ReportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  ReportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  reportEvaluation(argument: _cloudless_v1_ReportEvaluationRequest, callback: grpc.requestCallback<_cloudless_v1_ReportEvaluationResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface WorkerServiceHandlers extends grpc.UntypedServiceImplementation {
  Join: grpc.handleUnaryCall<_cloudless_v1_JoinRequest__Output, _cloudless_v1_JoinResponse>;
  
  LeaseSamples: grpc.handleUnaryCall<_cloudless_v1_LeaseSamplesRequest__Output, _cloudless_v1_LeaseSamplesResponse>;
  
  Leave: grpc.handleUnaryCall<_cloudless_v1_LeaveRequest__Output, _cloudless_v1_LeaveResponse>;
  
  PullParameters: grpc.handleServerStreamingCall<_cloudless_v1_PullParametersRequest__Output, _cloudless_v1_PullParametersResponse>;
  
  PushGradient: grpc.handleClientStreamingCall<_cloudless_v1_PushGradientRequest__Output, _cloudless_v1_PushGradientResponse>;
  
  ReportEvaluation: grpc.handleUnaryCall<_cloudless_v1_ReportEvaluationRequest__Output, _cloudless_v1_ReportEvaluationResponse>;
  
}

export interface WorkerServiceDefinition extends grpc.ServiceDefinition {
  Join: MethodDefinition<_cloudless_v1_JoinRequest, _cloudless_v1_JoinResponse, _cloudless_v1_JoinRequest__Output, _cloudless_v1_JoinResponse__Output>
  LeaseSamples: MethodDefinition<_cloudless_v1_LeaseSamplesRequest, _cloudless_v1_LeaseSamplesResponse, _cloudless_v1_LeaseSamplesRequest__Output, _cloudless_v1_LeaseSamplesResponse__Output>
  Leave: MethodDefinition<_cloudless_v1_LeaveRequest, _cloudless_v1_LeaveResponse, _cloudless_v1_LeaveRequest__Output, _cloudless_v1_LeaveResponse__Output>
  PullParameters: MethodDefinition<_cloudless_v1_PullParametersRequest, _cloudless_v1_PullParametersResponse, _cloudless_v1_PullParametersRequest__Output, _cloudless_v1_PullParametersResponse__Output>
  PushGradient: MethodDefinition<_cloudless_v1_PushGradientRequest, _cloudless_v1_PushGradientResponse, _cloudless_v1_PushGradientRequest__Output, _cloudless_v1_PushGradientResponse__Output>
  ReportEvaluation: MethodDefinition<_cloudless_v1_ReportEvaluationRequest, _cloudless_v1_ReportEvaluationResponse, _cloudless_v1_ReportEvaluationRequest__Output, _cloudless_v1_ReportEvaluationResponse__Output>
}
