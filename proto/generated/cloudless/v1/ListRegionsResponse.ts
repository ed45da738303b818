// Original file: proto/cloudless/v1/region.proto

import type { Region as _cloudless_v1_Region, Region__Output as _cloudless_v1_Region__Output } from '../../cloudless/v1/Region.ts';
import type { FetchedLayer as _cloudless_v1_FetchedLayer, FetchedLayer__Output as _cloudless_v1_FetchedLayer__Output } from '../../cloudless/v1/FetchedLayer.ts';

export interface ListRegionsResponse {
  'regions'?: (_cloudless_v1_Region)[];
  'catalogVersion'?: (string);
  'catalogHash'?: (string);
  'fetchedLayers'?: (_cloudless_v1_FetchedLayer)[];
}

export interface ListRegionsResponse__Output {
  'regions': (_cloudless_v1_Region__Output)[];
  'catalogVersion': (string);
  'catalogHash': (string);
  'fetchedLayers': (_cloudless_v1_FetchedLayer__Output)[];
}
