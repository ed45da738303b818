// Original file: proto/cloudless/v1/region.proto

import type { Region as _cloudless_v1_Region, Region__Output as _cloudless_v1_Region__Output } from '../../cloudless/v1/Region.ts';

export interface GetRegionResponse {
  'region'?: (_cloudless_v1_Region | null);
}

export interface GetRegionResponse__Output {
  'region': (_cloudless_v1_Region__Output | null);
}
