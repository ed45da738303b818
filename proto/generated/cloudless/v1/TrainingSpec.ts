// Original file: proto/cloudless/v1/job.proto

import type { Target as _cloudless_v1_Target, Target__Output as _cloudless_v1_Target__Output } from '../../cloudless/v1/Target.ts';
import type { Long } from '@grpc/proto-loader';

export interface TrainingSpec {
  'epochs'?: (number);
  'seed'?: (number | string | Long);
  'workerMode'?: (string);
  'leaseSamples'?: (number);
  'target'?: (_cloudless_v1_Target | null);
  'stallTimeoutSeconds'?: (number);
  'restartsMax'?: (number);
}

export interface TrainingSpec__Output {
  'epochs': (number);
  'seed': (number);
  'workerMode': (string);
  'leaseSamples': (number);
  'target': (_cloudless_v1_Target__Output | null);
  'stallTimeoutSeconds': (number);
  'restartsMax': (number);
}
