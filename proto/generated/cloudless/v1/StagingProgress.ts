// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface StagingProgress {
  'bytesDone'?: (number | string | Long);
  'bytesTotal'?: (number | string | Long);
}

export interface StagingProgress__Output {
  'bytesDone': (number);
  'bytesTotal': (number);
}
