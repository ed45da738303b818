// Original file: proto/cloudless/v1/job.proto

import type { ClassUnits as _cloudless_v1_ClassUnits, ClassUnits__Output as _cloudless_v1_ClassUnits__Output } from '../../cloudless/v1/ClassUnits.ts';
import type { Long } from '@grpc/proto-loader';

export interface RegionCapacity {
  'region'?: (string);
  'connected'?: (boolean);
  'lastHeartbeatAtMs'?: (number | string | Long);
  'classes'?: (_cloudless_v1_ClassUnits)[];
  'held'?: ({[key: string]: string});
}

export interface RegionCapacity__Output {
  'region': (string);
  'connected': (boolean);
  'lastHeartbeatAtMs': (number);
  'classes': (_cloudless_v1_ClassUnits__Output)[];
  'held': ({[key: string]: string});
}
