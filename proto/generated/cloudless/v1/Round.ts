// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface Round {
  'jobId'?: (string);
  'region'?: (string);
  'number'?: (number | string | Long);
  'members'?: (string)[];
  'bytesSent'?: (number | string | Long);
  'bytesReceived'?: (number | string | Long);
  'seconds'?: (number | string);
  'atMs'?: (number | string | Long);
  'replicaHash'?: (string);
}

export interface Round__Output {
  'jobId': (string);
  'region': (string);
  'number': (number);
  'members': (string)[];
  'bytesSent': (number);
  'bytesReceived': (number);
  'seconds': (number);
  'atMs': (number);
  'replicaHash': (string);
}
