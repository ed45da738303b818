// Original file: proto/cloudless/v1/plan.proto

import type { Long } from '@grpc/proto-loader';

export interface ObjectiveSpec {
  'kind'?: (string);
  'slack'?: (number | string);
  'deadlineMs'?: (number | string | Long);
  '_slack'?: "slack";
}

export interface ObjectiveSpec__Output {
  'kind': (string);
  'slack'?: (number);
  'deadlineMs': (number);
  '_slack'?: "slack";
}
