// Original file: proto/cloudless/v1/worker.proto

import type { LeaseOutcome as _cloudless_v1_LeaseOutcome, LeaseOutcome__Output as _cloudless_v1_LeaseOutcome__Output } from '../../cloudless/v1/LeaseOutcome.ts';
import type { Long } from '@grpc/proto-loader';

export interface LeaseSamplesResponse {
  'outcome'?: (_cloudless_v1_LeaseOutcome);
  'leaseId'?: (number | string | Long);
  'epoch'?: (number);
  'start'?: (number | string | Long);
  'end'?: (number | string | Long);
  'isFinal'?: (boolean);
}

export interface LeaseSamplesResponse__Output {
  'outcome': (_cloudless_v1_LeaseOutcome__Output);
  'leaseId': (number);
  'epoch': (number);
  'start': (number);
  'end': (number);
  'isFinal': (boolean);
}
