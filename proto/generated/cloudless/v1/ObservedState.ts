// Original file: proto/cloudless/v1/fleet.proto

import type { ObservedInstance as _cloudless_v1_ObservedInstance, ObservedInstance__Output as _cloudless_v1_ObservedInstance__Output } from '../../cloudless/v1/ObservedInstance.ts';
import type { Device as _cloudless_v1_Device, Device__Output as _cloudless_v1_Device__Output } from '../../cloudless/v1/Device.ts';
import type { DeviceUse as _cloudless_v1_DeviceUse, DeviceUse__Output as _cloudless_v1_DeviceUse__Output } from '../../cloudless/v1/DeviceUse.ts';
import type { GatewayEndpoint as _cloudless_v1_GatewayEndpoint, GatewayEndpoint__Output as _cloudless_v1_GatewayEndpoint__Output } from '../../cloudless/v1/GatewayEndpoint.ts';
import type { FunctionWish as _cloudless_v1_FunctionWish, FunctionWish__Output as _cloudless_v1_FunctionWish__Output } from '../../cloudless/v1/FunctionWish.ts';
import type { PipelineMeasure as _cloudless_v1_PipelineMeasure, PipelineMeasure__Output as _cloudless_v1_PipelineMeasure__Output } from '../../cloudless/v1/PipelineMeasure.ts';
import type { Long } from '@grpc/proto-loader';

export interface ObservedState {
  'instances'?: (_cloudless_v1_ObservedInstance)[];
  'desiredRevision'?: (number | string | Long);
  'devices'?: (_cloudless_v1_Device)[];
  'uses'?: (_cloudless_v1_DeviceUse)[];
  'gateway'?: (_cloudless_v1_GatewayEndpoint | null);
  'wishes'?: ({[key: string]: _cloudless_v1_FunctionWish});
  'pipelines'?: (_cloudless_v1_PipelineMeasure)[];
}

export interface ObservedState__Output {
  'instances': (_cloudless_v1_ObservedInstance__Output)[];
  'desiredRevision': (number);
  'devices': (_cloudless_v1_Device__Output)[];
  'uses': (_cloudless_v1_DeviceUse__Output)[];
  'gateway': (_cloudless_v1_GatewayEndpoint__Output | null);
  'wishes': ({[key: string]: _cloudless_v1_FunctionWish__Output});
  'pipelines': (_cloudless_v1_PipelineMeasure__Output)[];
}
