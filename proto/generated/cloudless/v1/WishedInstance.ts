// Original file: proto/cloudless/v1/fleet.proto

import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from '../../cloudless/v1/GpuShare.ts';

export interface WishedInstance {
  'id'?: (string);
  'share'?: (_cloudless_v1_GpuShare | null);
}

export interface WishedInstance__Output {
  'id': (string);
  'share': (_cloudless_v1_GpuShare__Output | null);
}
