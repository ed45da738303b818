// Original file: proto/cloudless/v1/region.proto

import type { RegionDevice as _cloudless_v1_RegionDevice, RegionDevice__Output as _cloudless_v1_RegionDevice__Output } from '../../cloudless/v1/RegionDevice.ts';

export interface ListDevicesResponse {
  'devices'?: (_cloudless_v1_RegionDevice)[];
}

export interface ListDevicesResponse__Output {
  'devices': (_cloudless_v1_RegionDevice__Output)[];
}
