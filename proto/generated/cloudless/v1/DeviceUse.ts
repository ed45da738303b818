// Original file: proto/cloudless/v1/fleet.proto

import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from '../../cloudless/v1/GpuShare.ts';
import type { Long } from '@grpc/proto-loader';

export interface DeviceUse {
  'deviceId'?: (string);
  'instanceId'?: (string);
  'share'?: (_cloudless_v1_GpuShare | null);
  'usedMilli'?: (number);
  'quotaMilli'?: (number);
  'memoryBytes'?: (number | string | Long);
  'state'?: (string);
  'reason'?: (string);
  'bubbleSeconds'?: (number | string);
  'filledSeconds'?: (number | string);
  'latencyMs'?: (number | string);
  'sloMs'?: (number | string);
  'sloPercentile'?: (number | string);
  'waits'?: (number | string | Long);
  'waitedSeconds'?: (number | string);
}

export interface DeviceUse__Output {
  'deviceId': (string);
  'instanceId': (string);
  'share': (_cloudless_v1_GpuShare__Output | null);
  'usedMilli': (number);
  'quotaMilli': (number);
  'memoryBytes': (number);
  'state': (string);
  'reason': (string);
  'bubbleSeconds': (number);
  'filledSeconds': (number);
  'latencyMs': (number);
  'sloMs': (number);
  'sloPercentile': (number);
  'waits': (number);
  'waitedSeconds': (number);
}
