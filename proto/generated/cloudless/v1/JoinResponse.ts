// Original file: proto/cloudless/v1/worker.proto

import type { Long } from '@grpc/proto-loader';

export interface JoinResponse {
  'sessionId'?: (string);
  'hasParameters'?: (boolean);
  'wantsInitial'?: (boolean);
  'sharedPath'?: (string);
  'sharedBytes'?: (number | string | Long);
  'parametersOffset'?: (number | string | Long);
  'bellPath'?: (string);
  'seed'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'shardUris'?: (string)[];
  'shardSamples'?: (number | string | Long)[];
  'epochs'?: (number);
  'holdoutUri'?: (string);
  'holdoutSamples'?: (number | string | Long);
  'evaluates'?: (boolean);
}

export interface JoinResponse__Output {
  'sessionId': (string);
  'hasParameters': (boolean);
  'wantsInitial': (boolean);
  'sharedPath': (string);
  'sharedBytes': (number);
  'parametersOffset': (number);
  'bellPath': (string);
  'seed': (number);
  'samples': (number);
  'shardUris': (string)[];
  'shardSamples': (number)[];
  'epochs': (number);
  'holdoutUri': (string);
  'holdoutSamples': (number);
  'evaluates': (boolean);
}
