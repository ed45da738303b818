// Original file: proto/cloudless/v1/region.proto

import type { Device as _cloudless_v1_Device, Device__Output as _cloudless_v1_Device__Output } from '../../cloudless/v1/Device.ts';
import type { DeviceUse as _cloudless_v1_DeviceUse, DeviceUse__Output as _cloudless_v1_DeviceUse__Output } from '../../cloudless/v1/DeviceUse.ts';
import type { Long } from '@grpc/proto-loader';

export interface RegionDevice {
  'region'?: (string);
  'device'?: (_cloudless_v1_Device | null);
  'toldAtMs'?: (number | string | Long);
  'uses'?: (_cloudless_v1_DeviceUse)[];
}

export interface RegionDevice__Output {
  'region': (string);
  'device': (_cloudless_v1_Device__Output | null);
  'toldAtMs': (number);
  'uses': (_cloudless_v1_DeviceUse__Output)[];
}
