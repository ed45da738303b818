// Original file: proto/cloudless/v1/job.proto

import type { MeasuredLink as _cloudless_v1_MeasuredLink, MeasuredLink__Output as _cloudless_v1_MeasuredLink__Output } from '../../cloudless/v1/MeasuredLink.ts';
import type { Long } from '@grpc/proto-loader';

export interface SyncProgress {
  'planVersion'?: (number | string | Long);
  'interval'?: (number);
  'codec'?: (string);
  'fragments'?: (number);
  'committedRound'?: (number | string | Long);
  'hub'?: (string);
  'term'?: (number | string | Long);
  'hears'?: (string)[];
  'stepSeconds'?: (number | string);
  'stallShare'?: (number | string);
  'reason'?: (string);
  'links'?: (_cloudless_v1_MeasuredLink)[];
  'lateCarried'?: (number | string | Long);
  'lateDropped'?: (number | string | Long);
  'refused'?: ({[key: string]: number | string | Long});
}

export interface SyncProgress__Output {
  'planVersion': (number);
  'interval': (number);
  'codec': (string);
  'fragments': (number);
  'committedRound': (number);
  'hub': (string);
  'term': (number);
  'hears': (string)[];
  'stepSeconds': (number);
  'stallShare': (number);
  'reason': (string);
  'links': (_cloudless_v1_MeasuredLink__Output)[];
  'lateCarried': (number);
  'lateDropped': (number);
  'refused': ({[key: string]: number});
}
