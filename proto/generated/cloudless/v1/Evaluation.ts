// Original file: proto/cloudless/v1/history.proto

import type { Long } from '@grpc/proto-loader';

export interface Evaluation {
  'jobId'?: (string);
  'region'?: (string);
  'epoch'?: (number | string);
  'metrics'?: ({[key: string]: number | string});
  'isFinal'?: (boolean);
  'atMs'?: (number | string | Long);
}

export interface Evaluation__Output {
  'jobId': (string);
  'region': (string);
  'epoch': (number);
  'metrics': ({[key: string]: number});
  'isFinal': (boolean);
  'atMs': (number);
}
