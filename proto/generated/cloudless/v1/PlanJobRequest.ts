// Original file: proto/cloudless/v1/job.proto

import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from '../../cloudless/v1/JobSpec.ts';
import type { Long } from '@grpc/proto-loader';

export interface PlanJobRequest {
  'spec'?: (_cloudless_v1_JobSpec | null);
  'jobId'?: (string);
  'whatIf'?: (string)[];
  'replay'?: (boolean);
  'version'?: (number | string | Long);
}

export interface PlanJobRequest__Output {
  'spec': (_cloudless_v1_JobSpec__Output | null);
  'jobId': (string);
  'whatIf': (string)[];
  'replay': (boolean);
  'version': (number);
}
