// Original file: proto/cloudless/v1/pipeline.proto

import type { PipelineSpec as _cloudless_v1_PipelineSpec, PipelineSpec__Output as _cloudless_v1_PipelineSpec__Output } from '../../cloudless/v1/PipelineSpec.ts';

export interface DeployPipelineRequest {
  'spec'?: (_cloudless_v1_PipelineSpec | null);
  'validateOnly'?: (boolean);
}

export interface DeployPipelineRequest__Output {
  'spec': (_cloudless_v1_PipelineSpec__Output | null);
  'validateOnly': (boolean);
}
