// Original file: proto/cloudless/v1/job.proto

import type { Job as _cloudless_v1_Job, Job__Output as _cloudless_v1_Job__Output } from '../../cloudless/v1/Job.ts';

export interface ListJobsResponse {
  'jobs'?: (_cloudless_v1_Job)[];
  'nextPageToken'?: (string);
}

export interface ListJobsResponse__Output {
  'jobs': (_cloudless_v1_Job__Output)[];
  'nextPageToken': (string);
}
