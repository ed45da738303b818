// Original file: proto/cloudless/v1/fleet.proto

import type { ObservedInstance as _cloudless_v1_ObservedInstance, ObservedInstance__Output as _cloudless_v1_ObservedInstance__Output } from '../../cloudless/v1/ObservedInstance.ts';
import type { Device as _cloudless_v1_Device, Device__Output as _cloudless_v1_Device__Output } from '../../cloudless/v1/Device.ts';
import type { DeviceUse as _cloudless_v1_DeviceUse, DeviceUse__Output as _cloudless_v1_DeviceUse__Output } from '../../cloudless/v1/DeviceUse.ts';
import type { Long } from '@grpc/proto-loader';

export interface ObservedState {
  'instances'?: (_cloudless_v1_ObservedInstance)[];
  'desiredRevision'?: (number | string | Long);
  'devices'?: (_cloudless_v1_Device)[];
  'uses'?: (_cloudless_v1_DeviceUse)[];
  'wantedInstances'?: ({[key: string]: number});
}

export interface ObservedState__Output {
  'instances': (_cloudless_v1_ObservedInstance__Output)[];
  'desiredRevision': (number);
  'devices': (_cloudless_v1_Device__Output)[];
  'uses': (_cloudless_v1_DeviceUse__Output)[];
  'wantedInstances': ({[key: string]: number});
}
