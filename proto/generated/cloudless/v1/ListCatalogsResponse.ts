// Original file: proto/cloudless/v1/catalog.proto

import type { CatalogInfo as _cloudless_v1_CatalogInfo, CatalogInfo__Output as _cloudless_v1_CatalogInfo__Output } from '../../cloudless/v1/CatalogInfo.ts';

export interface ListCatalogsResponse {
  'catalogs'?: (_cloudless_v1_CatalogInfo)[];
  'nextPageToken'?: (string);
}

export interface ListCatalogsResponse__Output {
  'catalogs': (_cloudless_v1_CatalogInfo__Output)[];
  'nextPageToken': (string);
}
