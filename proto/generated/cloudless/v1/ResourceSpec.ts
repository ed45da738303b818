// Original file: proto/cloudless/v1/job.proto

import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from '../../cloudless/v1/GpuShare.ts';

export interface ResourceSpec {
  'deviceModels'?: (string)[];
  'workersMaxPerRegion'?: (number);
  'samplesPerSecond'?: ({[key: string]: number | string});
  'markets'?: (string)[];
  'gpuShare'?: (_cloudless_v1_GpuShare | null);
}

export interface ResourceSpec__Output {
  'deviceModels': (string)[];
  'workersMaxPerRegion': (number);
  'samplesPerSecond': ({[key: string]: number});
  'markets': (string)[];
  'gpuShare': (_cloudless_v1_GpuShare__Output | null);
}
