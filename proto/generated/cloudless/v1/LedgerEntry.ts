// Original file: proto/cloudless/v1/cost.proto

import type { UsageKind as _cloudless_v1_UsageKind, UsageKind__Output as _cloudless_v1_UsageKind__Output } from '../../cloudless/v1/UsageKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface LedgerEntry {
  'id'?: (string);
  'jobId'?: (string);
  'region'?: (string);
  'instanceId'?: (string);
  'kind'?: (_cloudless_v1_UsageKind);
  'subject'?: (string);
  'quantity'?: (number | string);
  'unitPriceUsd'?: (number | string);
  'amountUsd'?: (number | string);
  'fromMs'?: (number | string | Long);
  'toMs'?: (number | string | Long);
  'catalogHash'?: (string);
  'unitPrice'?: (number | string);
  'currency'?: (string);
  'attempt'?: (number);
  'purpose'?: (string);
  'leftSeconds'?: (number | string);
}

export interface LedgerEntry__Output {
  'id': (string);
  'jobId': (string);
  'region': (string);
  'instanceId': (string);
  'kind': (_cloudless_v1_UsageKind__Output);
  'subject': (string);
  'quantity': (number);
  'unitPriceUsd': (number);
  'amountUsd': (number);
  'fromMs': (number);
  'toMs': (number);
  'catalogHash': (string);
  'unitPrice': (number);
  'currency': (string);
  'attempt': (number);
  'purpose': (string);
  'leftSeconds': (number);
}
