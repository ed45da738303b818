// Original file: proto/cloudless/v1/job.proto

import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from '../../cloudless/v1/JobSpec.ts';
import type { RegionCapacity as _cloudless_v1_RegionCapacity, RegionCapacity__Output as _cloudless_v1_RegionCapacity__Output } from '../../cloudless/v1/RegionCapacity.ts';
import type { ModelSize as _cloudless_v1_ModelSize, ModelSize__Output as _cloudless_v1_ModelSize__Output } from '../../cloudless/v1/ModelSize.ts';
import type { LinkMeasurement as _cloudless_v1_LinkMeasurement, LinkMeasurement__Output as _cloudless_v1_LinkMeasurement__Output } from '../../cloudless/v1/LinkMeasurement.ts';
import type { Long } from '@grpc/proto-loader';

export interface PlanInput {
  'spec'?: (_cloudless_v1_JobSpec | null);
  'decidedAtMs'?: (number | string | Long);
  'catalogVersion'?: (string);
  'catalogHash'?: (string);
  'capacity'?: (_cloudless_v1_RegionCapacity)[];
  'samplesPerSecond'?: ({[key: string]: number | string});
  'modelSize'?: (_cloudless_v1_ModelSize | null);
  'measuredLinks'?: (_cloudless_v1_LinkMeasurement)[];
  'goingOn'?: (boolean);
  'profile'?: (boolean);
}

export interface PlanInput__Output {
  'spec': (_cloudless_v1_JobSpec__Output | null);
  'decidedAtMs': (number);
  'catalogVersion': (string);
  'catalogHash': (string);
  'capacity': (_cloudless_v1_RegionCapacity__Output)[];
  'samplesPerSecond': ({[key: string]: number});
  'modelSize': (_cloudless_v1_ModelSize__Output | null);
  'measuredLinks': (_cloudless_v1_LinkMeasurement__Output)[];
  'goingOn': (boolean);
  'profile': (boolean);
}
