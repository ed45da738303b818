// Original file: proto/cloudless/v1/job.proto

import type { Job as _cloudless_v1_Job, Job__Output as _cloudless_v1_Job__Output } from '../../cloudless/v1/Job.ts';

export interface ResumeJobResponse {
  'job'?: (_cloudless_v1_Job | null);
}

export interface ResumeJobResponse__Output {
  'job': (_cloudless_v1_Job__Output | null);
}
