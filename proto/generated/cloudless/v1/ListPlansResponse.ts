// Original file: proto/cloudless/v1/job.proto

import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from '../../cloudless/v1/Plan.ts';

export interface ListPlansResponse {
  'plans'?: (_cloudless_v1_Plan)[];
  'nextPageToken'?: (string);
}

export interface ListPlansResponse__Output {
  'plans': (_cloudless_v1_Plan__Output)[];
  'nextPageToken': (string);
}
