// Original file: proto/cloudless/v1/job.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelJobRequest as _cloudless_v1_CancelJobRequest, CancelJobRequest__Output as _cloudless_v1_CancelJobRequest__Output } from '../../cloudless/v1/CancelJobRequest.ts';
import type { CancelJobResponse as _cloudless_v1_CancelJobResponse, CancelJobResponse__Output as _cloudless_v1_CancelJobResponse__Output } from '../../cloudless/v1/CancelJobResponse.ts';
import type { CreateJobRequest as _cloudless_v1_CreateJobRequest, CreateJobRequest__Output as _cloudless_v1_CreateJobRequest__Output } from '../../cloudless/v1/CreateJobRequest.ts';
import type { CreateJobResponse as _cloudless_v1_CreateJobResponse, CreateJobResponse__Output as _cloudless_v1_CreateJobResponse__Output } from '../../cloudless/v1/CreateJobResponse.ts';
import type { DownloadModelRequest as _cloudless_v1_DownloadModelRequest, DownloadModelRequest__Output as _cloudless_v1_DownloadModelRequest__Output } from '../../cloudless/v1/DownloadModelRequest.ts';
import type { DownloadModelResponse as _cloudless_v1_DownloadModelResponse, DownloadModelResponse__Output as _cloudless_v1_DownloadModelResponse__Output } from '../../cloudless/v1/DownloadModelResponse.ts';
import type { GetJobRequest as _cloudless_v1_GetJobRequest, GetJobRequest__Output as _cloudless_v1_GetJobRequest__Output } from '../../cloudless/v1/GetJobRequest.ts';
import type { GetJobResponse as _cloudless_v1_GetJobResponse, GetJobResponse__Output as _cloudless_v1_GetJobResponse__Output } from '../../cloudless/v1/GetJobResponse.ts';
import type { ListEvaluationsRequest as _cloudless_v1_ListEvaluationsRequest, ListEvaluationsRequest__Output as _cloudless_v1_ListEvaluationsRequest__Output } from '../../cloudless/v1/ListEvaluationsRequest.ts';
import type { ListEvaluationsResponse as _cloudless_v1_ListEvaluationsResponse, ListEvaluationsResponse__Output as _cloudless_v1_ListEvaluationsResponse__Output } from '../../cloudless/v1/ListEvaluationsResponse.ts';
import type { ListEventsRequest as _cloudless_v1_ListEventsRequest, ListEventsRequest__Output as _cloudless_v1_ListEventsRequest__Output } from '../../cloudless/v1/ListEventsRequest.ts';
import type { ListEventsResponse as _cloudless_v1_ListEventsResponse, ListEventsResponse__Output as _cloudless_v1_ListEventsResponse__Output } from '../../cloudless/v1/ListEventsResponse.ts';
import type { ListJobsRequest as _cloudless_v1_ListJobsRequest, ListJobsRequest__Output as _cloudless_v1_ListJobsRequest__Output } from '../../cloudless/v1/ListJobsRequest.ts';
import type { ListJobsResponse as _cloudless_v1_ListJobsResponse, ListJobsResponse__Output as _cloudless_v1_ListJobsResponse__Output } from '../../cloudless/v1/ListJobsResponse.ts';
import type { ListPlansRequest as _cloudless_v1_ListPlansRequest, ListPlansRequest__Output as _cloudless_v1_ListPlansRequest__Output } from '../../cloudless/v1/ListPlansRequest.ts';
import type { ListPlansResponse as _cloudless_v1_ListPlansResponse, ListPlansResponse__Output as _cloudless_v1_ListPlansResponse__Output } from '../../cloudless/v1/ListPlansResponse.ts';
import type { ListRoundsRequest as _cloudless_v1_ListRoundsRequest, ListRoundsRequest__Output as _cloudless_v1_ListRoundsRequest__Output } from '../../cloudless/v1/ListRoundsRequest.ts';
import type { ListRoundsResponse as _cloudless_v1_ListRoundsResponse, ListRoundsResponse__Output as _cloudless_v1_ListRoundsResponse__Output } from '../../cloudless/v1/ListRoundsResponse.ts';
import type { PlanJobRequest as _cloudless_v1_PlanJobRequest, PlanJobRequest__Output as _cloudless_v1_PlanJobRequest__Output } from '../../cloudless/v1/PlanJobRequest.ts';
import type { PlanJobResponse as _cloudless_v1_PlanJobResponse, PlanJobResponse__Output as _cloudless_v1_PlanJobResponse__Output } from '../../cloudless/v1/PlanJobResponse.ts';
import type { ResumeJobRequest as _cloudless_v1_ResumeJobRequest, ResumeJobRequest__Output as _cloudless_v1_ResumeJobRequest__Output } from '../../cloudless/v1/ResumeJobRequest.ts';
import type { ResumeJobResponse as _cloudless_v1_ResumeJobResponse, ResumeJobResponse__Output as _cloudless_v1_ResumeJobResponse__Output } from '../../cloudless/v1/ResumeJobResponse.ts';
import type { StreamLogsRequest as _cloudless_v1_StreamLogsRequest, StreamLogsRequest__Output as _cloudless_v1_StreamLogsRequest__Output } from '../../cloudless/v1/StreamLogsRequest.ts';
import type { StreamLogsResponse as _cloudless_v1_StreamLogsResponse, StreamLogsResponse__Output as _cloudless_v1_StreamLogsResponse__Output } from '../../cloudless/v1/StreamLogsResponse.ts';
import type { UploadBundleRequest as _cloudless_v1_UploadBundleRequest, UploadBundleRequest__Output as _cloudless_v1_UploadBundleRequest__Output } from '../../cloudless/v1/UploadBundleRequest.ts';
import type { UploadBundleResponse as _cloudless_v1_UploadBundleResponse, UploadBundleResponse__Output as _cloudless_v1_UploadBundleResponse__Output } from '../../cloudless/v1/UploadBundleResponse.ts';
import type { WatchJobRequest as _cloudless_v1_WatchJobRequest, WatchJobRequest__Output as _cloudless_v1_WatchJobRequest__Output } from '../../cloudless/v1/WatchJobRequest.ts';
import type { WatchJobResponse as _cloudless_v1_WatchJobResponse, WatchJobResponse__Output as _cloudless_v1_WatchJobResponse__Output } from '../../cloudless/v1/WatchJobResponse.ts';

export interface JobServiceClient extends grpc.Client {
  CancelJob(argument: _cloudless_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _cloudless_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _cloudless_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  CancelJob(argument: _cloudless_v1_CancelJobRequest, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _cloudless_v1_CancelJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _cloudless_v1_CancelJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _cloudless_v1_CancelJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  cancelJob(argument: _cloudless_v1_CancelJobRequest, callback: grpc.requestCallback<_cloudless_v1_CancelJobResponse__Output>): grpc.ClientUnaryCall;
  
  CreateJob(argument: _cloudless_v1_CreateJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  CreateJob(argument: _cloudless_v1_CreateJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  CreateJob(argument: _cloudless_v1_CreateJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  CreateJob(argument: _cloudless_v1_CreateJobRequest, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  createJob(argument: _cloudless_v1_CreateJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  createJob(argument: _cloudless_v1_CreateJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  createJob(argument: _cloudless_v1_CreateJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  createJob(argument: _cloudless_v1_CreateJobRequest, callback: grpc.requestCallback<_cloudless_v1_CreateJobResponse__Output>): grpc.ClientUnaryCall;
  
  DownloadModel(argument: _cloudless_v1_DownloadModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_DownloadModelResponse__Output>;
  DownloadModel(argument: _cloudless_v1_DownloadModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_DownloadModelResponse__Output>;
  downloadModel(argument: _cloudless_v1_DownloadModelRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_DownloadModelResponse__Output>;
  downloadModel(argument: _cloudless_v1_DownloadModelRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_DownloadModelResponse__Output>;
  
  GetJob(argument: _cloudless_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _cloudless_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _cloudless_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  GetJob(argument: _cloudless_v1_GetJobRequest, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _cloudless_v1_GetJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _cloudless_v1_GetJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _cloudless_v1_GetJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  getJob(argument: _cloudless_v1_GetJobRequest, callback: grpc.requestCallback<_cloudless_v1_GetJobResponse__Output>): grpc.ClientUnaryCall;
  
  ListEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  ListEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  ListEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  ListEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  listEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  listEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  listEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  listEvaluations(argument: _cloudless_v1_ListEvaluationsRequest, callback: grpc.requestCallback<_cloudless_v1_ListEvaluationsResponse__Output>): grpc.ClientUnaryCall;
  
  ListEvents(argument: _cloudless_v1_ListEventsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  ListEvents(argument: _cloudless_v1_ListEventsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  ListEvents(argument: _cloudless_v1_ListEventsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  ListEvents(argument: _cloudless_v1_ListEventsRequest, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  listEvents(argument: _cloudless_v1_ListEventsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  listEvents(argument: _cloudless_v1_ListEventsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  listEvents(argument: _cloudless_v1_ListEventsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  listEvents(argument: _cloudless_v1_ListEventsRequest, callback: grpc.requestCallback<_cloudless_v1_ListEventsResponse__Output>): grpc.ClientUnaryCall;
  
  ListJobs(argument: _cloudless_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _cloudless_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _cloudless_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  ListJobs(argument: _cloudless_v1_ListJobsRequest, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _cloudless_v1_ListJobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _cloudless_v1_ListJobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _cloudless_v1_ListJobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  listJobs(argument: _cloudless_v1_ListJobsRequest, callback: grpc.requestCallback<_cloudless_v1_ListJobsResponse__Output>): grpc.ClientUnaryCall;
  
  ListPlans(argument: _cloudless_v1_ListPlansRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  ListPlans(argument: _cloudless_v1_ListPlansRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  ListPlans(argument: _cloudless_v1_ListPlansRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  ListPlans(argument: _cloudless_v1_ListPlansRequest, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  listPlans(argument: _cloudless_v1_ListPlansRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  listPlans(argument: _cloudless_v1_ListPlansRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  listPlans(argument: _cloudless_v1_ListPlansRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  listPlans(argument: _cloudless_v1_ListPlansRequest, callback: grpc.requestCallback<_cloudless_v1_ListPlansResponse__Output>): grpc.ClientUnaryCall;
  
  ListRounds(argument: _cloudless_v1_ListRoundsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  ListRounds(argument: _cloudless_v1_ListRoundsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  ListRounds(argument: _cloudless_v1_ListRoundsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  ListRounds(argument: _cloudless_v1_ListRoundsRequest, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  listRounds(argument: _cloudless_v1_ListRoundsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  listRounds(argument: _cloudless_v1_ListRoundsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  listRounds(argument: _cloudless_v1_ListRoundsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  listRounds(argument: _cloudless_v1_ListRoundsRequest, callback: grpc.requestCallback<_cloudless_v1_ListRoundsResponse__Output>): grpc.ClientUnaryCall;
  
  PlanJob(argument: _cloudless_v1_PlanJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  PlanJob(argument: _cloudless_v1_PlanJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  PlanJob(argument: _cloudless_v1_PlanJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  PlanJob(argument: _cloudless_v1_PlanJobRequest, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  planJob(argument: _cloudless_v1_PlanJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  planJob(argument: _cloudless_v1_PlanJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  planJob(argument: _cloudless_v1_PlanJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  planJob(argument: _cloudless_v1_PlanJobRequest, callback: grpc.requestCallback<_cloudless_v1_PlanJobResponse__Output>): grpc.ClientUnaryCall;
  
  ResumeJob(argument: _cloudless_v1_ResumeJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  ResumeJob(argument: _cloudless_v1_ResumeJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  ResumeJob(argument: _cloudless_v1_ResumeJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  ResumeJob(argument: _cloudless_v1_ResumeJobRequest, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  resumeJob(argument: _cloudless_v1_ResumeJobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  resumeJob(argument: _cloudless_v1_ResumeJobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  resumeJob(argument: _cloudless_v1_ResumeJobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  resumeJob(argument: _cloudless_v1_ResumeJobRequest, callback: grpc.requestCallback<_cloudless_v1_ResumeJobResponse__Output>): grpc.ClientUnaryCall;
  
  StreamLogs(argument: _cloudless_v1_StreamLogsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamLogsResponse__Output>;
  StreamLogs(argument: _cloudless_v1_StreamLogsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamLogsResponse__Output>;
  streamLogs(argument: _cloudless_v1_StreamLogsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamLogsResponse__Output>;
  streamLogs(argument: _cloudless_v1_StreamLogsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_StreamLogsResponse__Output>;
  
  UploadBundle(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  UploadBundle(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  UploadBundle(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  UploadBundle(callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  uploadBundle(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  uploadBundle(metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  uploadBundle(options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  uploadBundle(callback: grpc.requestCallback<_cloudless_v1_UploadBundleResponse__Output>): grpc.ClientWritableStream<_cloudless_v1_UploadBundleRequest>;
  
  WatchJob(argument: _cloudless_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_WatchJobResponse__Output>;
  WatchJob(argument: _cloudless_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_WatchJobResponse__Output>;
  watchJob(argument: _cloudless_v1_WatchJobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_WatchJobResponse__Output>;
  watchJob(argument: _cloudless_v1_WatchJobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_WatchJobResponse__Output>;
  
}

export interface JobServiceHandlers extends grpc.UntypedServiceImplementation {
  CancelJob: grpc.handleUnaryCall<_cloudless_v1_CancelJobRequest__Output, _cloudless_v1_CancelJobResponse>;
  
  CreateJob: grpc.handleUnaryCall<_cloudless_v1_CreateJobRequest__Output, _cloudless_v1_CreateJobResponse>;
  
  DownloadModel: grpc.handleServerStreamingCall<_cloudless_v1_DownloadModelRequest__Output, _cloudless_v1_DownloadModelResponse>;
  
  GetJob: grpc.handleUnaryCall<_cloudless_v1_GetJobRequest__Output, _cloudless_v1_GetJobResponse>;
  
  ListEvaluations: grpc.handleUnaryCall<_cloudless_v1_ListEvaluationsRequest__Output, _cloudless_v1_ListEvaluationsResponse>;
  
  ListEvents: grpc.handleUnaryCall<_cloudless_v1_ListEventsRequest__Output, _cloudless_v1_ListEventsResponse>;
  
  ListJobs: grpc.handleUnaryCall<_cloudless_v1_ListJobsRequest__Output, _cloudless_v1_ListJobsResponse>;
  
  ListPlans: grpc.handleUnaryCall<_cloudless_v1_ListPlansRequest__Output, _cloudless_v1_ListPlansResponse>;
  
  ListRounds: grpc.handleUnaryCall<_cloudless_v1_ListRoundsRequest__Output, _cloudless_v1_ListRoundsResponse>;
  
  PlanJob: grpc.handleUnaryCall<_cloudless_v1_PlanJobRequest__Output, _cloudless_v1_PlanJobResponse>;
  
  ResumeJob: grpc.handleUnaryCall<_cloudless_v1_ResumeJobRequest__Output, _cloudless_v1_ResumeJobResponse>;
  
  StreamLogs: grpc.handleServerStreamingCall<_cloudless_v1_StreamLogsRequest__Output, _cloudless_v1_StreamLogsResponse>;
  
  UploadBundle: grpc.handleClientStreamingCall<_cloudless_v1_UploadBundleRequest__Output, _cloudless_v1_UploadBundleResponse>;
  
  WatchJob: grpc.handleServerStreamingCall<_cloudless_v1_WatchJobRequest__Output, _cloudless_v1_WatchJobResponse>;
  
}

export interface JobServiceDefinition extends grpc.ServiceDefinition {
  CancelJob: MethodDefinition<_cloudless_v1_CancelJobRequest, _cloudless_v1_CancelJobResponse, _cloudless_v1_CancelJobRequest__Output, _cloudless_v1_CancelJobResponse__Output>
  CreateJob: MethodDefinition<_cloudless_v1_CreateJobRequest, _cloudless_v1_CreateJobResponse, _cloudless_v1_CreateJobRequest__Output, _cloudless_v1_CreateJobResponse__Output>
  DownloadModel: MethodDefinition<_cloudless_v1_DownloadModelRequest, _cloudless_v1_DownloadModelResponse, _cloudless_v1_DownloadModelRequest__Output, _cloudless_v1_DownloadModelResponse__Output>
  GetJob: MethodDefinition<_cloudless_v1_GetJobRequest, _cloudless_v1_GetJobResponse, _cloudless_v1_GetJobRequest__Output, _cloudless_v1_GetJobResponse__Output>
  ListEvaluations: MethodDefinition<_cloudless_v1_ListEvaluationsRequest, _cloudless_v1_ListEvaluationsResponse, _cloudless_v1_ListEvaluationsRequest__Output, _cloudless_v1_ListEvaluationsResponse__Output>
  ListEvents: MethodDefinition<_cloudless_v1_ListEventsRequest, _cloudless_v1_ListEventsResponse, _cloudless_v1_ListEventsRequest__Output, _cloudless_v1_ListEventsResponse__Output>
  ListJobs: MethodDefinition<_cloudless_v1_ListJobsRequest, _cloudless_v1_ListJobsResponse, _cloudless_v1_ListJobsRequest__Output, _cloudless_v1_ListJobsResponse__Output>
  ListPlans: MethodDefinition<_cloudless_v1_ListPlansRequest, _cloudless_v1_ListPlansResponse, _cloudless_v1_ListPlansRequest__Output, _cloudless_v1_ListPlansResponse__Output>
  ListRounds: MethodDefinition<_cloudless_v1_ListRoundsRequest, _cloudless_v1_ListRoundsResponse, _cloudless_v1_ListRoundsRequest__Output, _cloudless_v1_ListRoundsResponse__Output>
  PlanJob: MethodDefinition<_cloudless_v1_PlanJobRequest, _cloudless_v1_PlanJobResponse, _cloudless_v1_PlanJobRequest__Output, _cloudless_v1_PlanJobResponse__Output>
  ResumeJob: MethodDefinition<_cloudless_v1_ResumeJobRequest, _cloudless_v1_ResumeJobResponse, _cloudless_v1_ResumeJobRequest__Output, _cloudless_v1_ResumeJobResponse__Output>
  StreamLogs: MethodDefinition<_cloudless_v1_StreamLogsRequest, _cloudless_v1_StreamLogsResponse, _cloudless_v1_StreamLogsRequest__Output, _cloudless_v1_StreamLogsResponse__Output>
  UploadBundle: MethodDefinition<_cloudless_v1_UploadBundleRequest, _cloudless_v1_UploadBundleResponse, _cloudless_v1_UploadBundleRequest__Output, _cloudless_v1_UploadBundleResponse__Output>
  WatchJob: MethodDefinition<_cloudless_v1_WatchJobRequest, _cloudless_v1_WatchJobResponse, _cloudless_v1_WatchJobRequest__Output, _cloudless_v1_WatchJobResponse__Output>
}
