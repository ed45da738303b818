// Original file: proto/cloudless/v1/job.proto

import type { Long } from '@grpc/proto-loader';

export interface RegionSite {
  'region'?: (string);
  'latitude'?: (number | string);
  'longitude'?: (number | string);
  'samples'?: (number | string | Long);
}

export interface RegionSite__Output {
  'region': (string);
  'latitude': (number);
  'longitude': (number);
  'samples': (number);
}
