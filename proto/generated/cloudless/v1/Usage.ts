// Original file: proto/cloudless/v1/fleet.proto

import type { UsageKind as _cloudless_v1_UsageKind, UsageKind__Output as _cloudless_v1_UsageKind__Output } from '../../cloudless/v1/UsageKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface Usage {
  'id'?: (string);
  'jobId'?: (string);
  'instanceId'?: (string);
  'kind'?: (_cloudless_v1_UsageKind);
  'subject'?: (string);
  'quantity'?: (number | string);
  'fromMs'?: (number | string | Long);
  'toMs'?: (number | string | Long);
  'attempt'?: (number);
  'purpose'?: (string);
  'fromRegion'?: (string);
}

export interface Usage__Output {
  'id': (string);
  'jobId': (string);
  'instanceId': (string);
  'kind': (_cloudless_v1_UsageKind__Output);
  'subject': (string);
  'quantity': (number);
  'fromMs': (number);
  'toMs': (number);
  'attempt': (number);
  'purpose': (string);
  'fromRegion': (string);
}
