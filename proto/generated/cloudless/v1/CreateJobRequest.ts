// Original file: proto/cloudless/v1/job.proto

import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from '../../cloudless/v1/JobSpec.ts';

export interface CreateJobRequest {
  'spec'?: (_cloudless_v1_JobSpec | null);
  'requestId'?: (string);
  'validateOnly'?: (boolean);
}

export interface CreateJobRequest__Output {
  'spec': (_cloudless_v1_JobSpec__Output | null);
  'requestId': (string);
  'validateOnly': (boolean);
}
