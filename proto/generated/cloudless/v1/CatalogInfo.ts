// Original file: proto/cloudless/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface CatalogInfo {
  'version'?: (string);
  'hash'?: (string);
  'bytes'?: (number | string | Long);
  'firstUsedAtMs'?: (number | string | Long);
  'isCurrent'?: (boolean);
}

export interface CatalogInfo__Output {
  'version': (string);
  'hash': (string);
  'bytes': (number);
  'firstUsedAtMs': (number);
  'isCurrent': (boolean);
}
