// Original file: proto/cloudless/v1/function.proto

import type { Slo as _cloudless_v1_Slo, Slo__Output as _cloudless_v1_Slo__Output } from '../../cloudless/v1/Slo.ts';
import type { GpuShare as _cloudless_v1_GpuShare, GpuShare__Output as _cloudless_v1_GpuShare__Output } from '../../cloudless/v1/GpuShare.ts';
import type { ProfilePoint as _cloudless_v1_ProfilePoint, ProfilePoint__Output as _cloudless_v1_ProfilePoint__Output } from '../../cloudless/v1/ProfilePoint.ts';
import type { Long } from '@grpc/proto-loader';

export interface InferenceSpec {
  'name'?: (string);
  'bundleDigest'?: (string);
  'handler'?: (string);
  'environment'?: ({[key: string]: string});
  'slo'?: (_cloudless_v1_Slo | null);
  'instancesMin'?: (number);
  'instancesMax'?: (number);
  'batchMax'?: (number);
  'gpuShare'?: (_cloudless_v1_GpuShare | null);
  'deviceModels'?: (string)[];
  'regions'?: (string)[];
  'owner'?: (string);
  'labels'?: ({[key: string]: string});
  'autoscaler'?: (string);
  'timeoutMs'?: (number);
  'queueMax'?: (number);
  'atMostOnce'?: (boolean);
  'profile'?: (_cloudless_v1_ProfilePoint)[];
  'memoryBytes'?: (number | string | Long);
}

export interface InferenceSpec__Output {
  'name': (string);
  'bundleDigest': (string);
  'handler': (string);
  'environment': ({[key: string]: string});
  'slo': (_cloudless_v1_Slo__Output | null);
  'instancesMin': (number);
  'instancesMax': (number);
  'batchMax': (number);
  'gpuShare': (_cloudless_v1_GpuShare__Output | null);
  'deviceModels': (string)[];
  'regions': (string)[];
  'owner': (string);
  'labels': ({[key: string]: string});
  'autoscaler': (string);
  'timeoutMs': (number);
  'queueMax': (number);
  'atMostOnce': (boolean);
  'profile': (_cloudless_v1_ProfilePoint__Output)[];
  'memoryBytes': (number);
}
