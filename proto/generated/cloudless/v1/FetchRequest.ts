// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchRequest {
  'jobId'?: (string);
  'region'?: (string);
  'fromRegion'?: (string);
  'sha256'?: (string);
  'offset'?: (number | string | Long);
  'length'?: (number | string | Long);
  'protocolVersion'?: (number);
}

export interface FetchRequest__Output {
  'jobId': (string);
  'region': (string);
  'fromRegion': (string);
  'sha256': (string);
  'offset': (number);
  'length': (number);
  'protocolVersion': (number);
}
