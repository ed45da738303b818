// Original file: proto/cloudless/v1/pipeline.proto

import type { PipelineStage as _cloudless_v1_PipelineStage, PipelineStage__Output as _cloudless_v1_PipelineStage__Output } from '../../cloudless/v1/PipelineStage.ts';
import type { Slo as _cloudless_v1_Slo, Slo__Output as _cloudless_v1_Slo__Output } from '../../cloudless/v1/Slo.ts';

export interface PipelineSpec {
  'name'?: (string);
  'stages'?: (_cloudless_v1_PipelineStage)[];
  'slo'?: (_cloudless_v1_Slo | null);
  'owner'?: (string);
  'labels'?: ({[key: string]: string});
  'timeoutMs'?: (number);
}

export interface PipelineSpec__Output {
  'name': (string);
  'stages': (_cloudless_v1_PipelineStage__Output)[];
  'slo': (_cloudless_v1_Slo__Output | null);
  'owner': (string);
  'labels': ({[key: string]: string});
  'timeoutMs': (number);
}
