// Original file: proto/cloudless/v1/fleet.proto

import type { DeviceSharing as _cloudless_v1_DeviceSharing, DeviceSharing__Output as _cloudless_v1_DeviceSharing__Output } from '../../cloudless/v1/DeviceSharing.ts';
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
  'sharing'?: (_cloudless_v1_DeviceSharing);
  'besideBytes'?: (number | string | Long);
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
  'sharing': (_cloudless_v1_DeviceSharing__Output);
  'besideBytes': (number);
}
