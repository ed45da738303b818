// Original file: proto/cloudless/v1/function.proto

import type { Long } from '@grpc/proto-loader';

export interface ServingStatus {
  'isReady'?: (boolean);
  'requests'?: (number | string | Long);
  'errors'?: (number | string | Long);
  'overSlo'?: (number | string | Long);
  'requestsPerSecond'?: (number | string);
  'latencyMs'?: (number | string);
  'queued'?: (number);
  'capacityPerSecond'?: (number | string);
}

export interface ServingStatus__Output {
  'isReady': (boolean);
  'requests': (number);
  'errors': (number);
  'overSlo': (number);
  'requestsPerSecond': (number);
  'latencyMs': (number);
  'queued': (number);
  'capacityPerSecond': (number);
}
