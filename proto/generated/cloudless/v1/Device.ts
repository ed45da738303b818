// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface Device {
  'id'?: (string);
  'model'?: (string);
  'units'?: (number);
  'memoryBytes'?: (number | string | Long);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'endsAtMs'?: (number | string | Long);
}

export interface Device__Output {
  'id': (string);
  'model': (string);
  'units': (number);
  'memoryBytes': (number);
  'market': (string);
  'zone': (string);
  'instanceType': (string);
  'endsAtMs': (number);
}
