// Original file: proto/cloudless/v1/catalog.proto

import type { CatalogInfo as _cloudless_v1_CatalogInfo, CatalogInfo__Output as _cloudless_v1_CatalogInfo__Output } from '../../cloudless/v1/CatalogInfo.ts';

export interface GetCatalogResponse {
  'catalog'?: (_cloudless_v1_CatalogInfo | null);
  'data'?: (Buffer | Uint8Array | string);
}

export interface GetCatalogResponse__Output {
  'catalog': (_cloudless_v1_CatalogInfo__Output | null);
  'data': (Buffer);
}
