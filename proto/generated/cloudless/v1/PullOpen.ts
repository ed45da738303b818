// Original file: proto/cloudless/v1/peer.proto

import type { Long } from '@grpc/proto-loader';

export interface PullOpen {
  'jobId'?: (string);
  'region'?: (string);
  'fromRegion'?: (string);
  'afterSeq'?: (number | string | Long);
  'resumeOffset'?: (number | string | Long);
  'protocolVersion'?: (number);
}

export interface PullOpen__Output {
  'jobId': (string);
  'region': (string);
  'fromRegion': (string);
  'afterSeq': (number);
  'resumeOffset': (number);
  'protocolVersion': (number);
}
