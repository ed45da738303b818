// Original file: proto/cloudless/v1/region.proto

import type { Link as _cloudless_v1_Link, Link__Output as _cloudless_v1_Link__Output } from '../../cloudless/v1/Link.ts';

export interface ListLinksResponse {
  'links'?: (_cloudless_v1_Link)[];
}

export interface ListLinksResponse__Output {
  'links': (_cloudless_v1_Link__Output)[];
}
