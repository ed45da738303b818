// Original file: proto/cloudless/v1/job.proto

import type { JobState as _cloudless_v1_JobState, JobState__Output as _cloudless_v1_JobState__Output } from '../../cloudless/v1/JobState.ts';

export interface ListJobsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
  'states'?: (_cloudless_v1_JobState)[];
}

export interface ListJobsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
  'states': (_cloudless_v1_JobState__Output)[];
}
