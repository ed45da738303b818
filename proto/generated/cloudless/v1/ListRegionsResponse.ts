// Original file: proto/cloudless/v1/region.proto

import type { Region as _cloudless_v1_Region, Region__Output as _cloudless_v1_Region__Output } from '../../cloudless/v1/Region.ts';

export interface ListRegionsResponse {
  'regions'?: (_cloudless_v1_Region)[];
  'catalogVersion'?: (string);
  'catalogHash'?: (string);
}

export interface ListRegionsResponse__Output {
  'regions': (_cloudless_v1_Region__Output)[];
  'catalogVersion': (string);
  'catalogHash': (string);
}
