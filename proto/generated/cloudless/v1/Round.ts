// Original file: proto/cloudless/v1/history.proto

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
  'absent'?: ({[key: string]: string});
  'excludedDataShare'?: (number | string);
  'fragment'?: (number);
  'fragments'?: (number);
  'codec'?: (string);
  'steps'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'stallSeconds'?: (number | string);
  'stalenessSteps'?: (number | string | Long);
  'codecError'?: (number | string);
  'planVersion'?: (number | string | Long);
  'hub'?: (string);
  'term'?: (number | string | Long);
  'loss'?: (number | string);
  'fraction'?: (number | string);
  'rounds'?: (number | string | Long);
  'firstNumber'?: (number | string | Long);
  'absentRounds'?: ({[key: string]: number | string | Long});
  'round'?: (number | string | Long);
  'firstRound'?: (number | string | Long);
  'exchangeSeconds'?: (number | string);
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
  'absent': ({[key: string]: string});
  'excludedDataShare': (number);
  'fragment': (number);
  'fragments': (number);
  'codec': (string);
  'steps': (number);
  'samples': (number);
  'stallSeconds': (number);
  'stalenessSteps': (number);
  'codecError': (number);
  'planVersion': (number);
  'hub': (string);
  'term': (number);
  'loss': (number);
  'fraction': (number);
  'rounds': (number);
  'firstNumber': (number);
  'absentRounds': ({[key: string]: number});
  'round': (number);
  'firstRound': (number);
  'exchangeSeconds': (number);
}
