// Original file: proto/cloudless/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface StepHeader {
  'sessionId'?: (string);
  'leaseId'?: (number | string | Long);
  'leaseUsed'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'loss'?: (number | string);
  'learningRates'?: (number | string)[];
  'isInitial'?: (boolean);
}

export interface StepHeader__Output {
  'sessionId': (string);
  'leaseId': (number);
  'leaseUsed': (number);
  'samples': (number);
  'loss': (number);
  'learningRates': (number)[];
  'isInitial': (boolean);
}
