// Original file: proto/cloudless/v1/history.proto

import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from '../../cloudless/v1/Round.ts';
import type { Long } from '@grpc/proto-loader';

export interface RoundTotals {
  'region'?: (string);
  'rounds'?: (number | string | Long);
  'bytesSent'?: (number | string | Long);
  'bytesReceived'?: (number | string | Long);
  'seconds'?: (number | string);
  'stallSeconds'?: (number | string);
  'steps'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'incompleteRounds'?: (number | string | Long);
  'excludedDataShare'?: (number | string);
  'last'?: (_cloudless_v1_Round | null);
  'exchangeSeconds'?: (number | string);
}

export interface RoundTotals__Output {
  'region': (string);
  'rounds': (number);
  'bytesSent': (number);
  'bytesReceived': (number);
  'seconds': (number);
  'stallSeconds': (number);
  'steps': (number);
  'samples': (number);
  'incompleteRounds': (number);
  'excludedDataShare': (number);
  'last': (_cloudless_v1_Round__Output | null);
  'exchangeSeconds': (number);
}
