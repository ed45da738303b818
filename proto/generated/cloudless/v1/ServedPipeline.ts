// Original file: proto/cloudless/v1/fleet.proto

import type { PipelineSpec as _cloudless_v1_PipelineSpec, PipelineSpec__Output as _cloudless_v1_PipelineSpec__Output } from '../../cloudless/v1/PipelineSpec.ts';

export interface ServedPipeline {
  'id'?: (string);
  'spec'?: (_cloudless_v1_PipelineSpec | null);
}

export interface ServedPipeline__Output {
  'id': (string);
  'spec': (_cloudless_v1_PipelineSpec__Output | null);
}
