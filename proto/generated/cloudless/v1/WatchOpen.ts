// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchOpen {
  'jobId'?: (string);
  'region'?: (string);
  'fromRegion'?: (string);
  'afterSeq'?: (number | string | Long);
  'protocolVersion'?: (number);
  'endpoint'?: (string);
}

export interface WatchOpen__Output {
  'jobId': (string);
  'region': (string);
  'fromRegion': (string);
  'afterSeq': (number);
  'protocolVersion': (number);
  'endpoint': (string);
}
