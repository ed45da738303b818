// Original file: proto/cloudless/v1/job.proto

import type { Evaluation as _cloudless_v1_Evaluation, Evaluation__Output as _cloudless_v1_Evaluation__Output } from '../../cloudless/v1/Evaluation.ts';

export interface ListEvaluationsResponse {
  'evaluations'?: (_cloudless_v1_Evaluation)[];
  'nextPageToken'?: (string);
}

export interface ListEvaluationsResponse__Output {
  'evaluations': (_cloudless_v1_Evaluation__Output)[];
  'nextPageToken': (string);
}
