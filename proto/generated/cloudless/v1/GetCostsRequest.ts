// Original file: proto/cloudless/v1/cost.proto

import type { Long } from '@grpc/proto-loader';

export interface GetCostsRequest {
  'jobIds'?: (string)[];
  'fromMs'?: (number | string | Long);
  'toMs'?: (number | string | Long);
  'owner'?: (string);
  'labels'?: ({[key: string]: string});
  'groupBy'?: (string)[];
  'currency'?: (string);
  '_owner'?: "owner";
}

export interface GetCostsRequest__Output {
  'jobIds': (string)[];
  'fromMs': (number);
  'toMs': (number);
  'owner'?: (string);
  'labels': ({[key: string]: string});
  'groupBy': (string)[];
  'currency': (string);
  '_owner'?: "owner";
}
