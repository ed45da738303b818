// Original file: proto/cloudless/v1/pipeline.proto

import type { Pipeline as _cloudless_v1_Pipeline, Pipeline__Output as _cloudless_v1_Pipeline__Output } from '../../cloudless/v1/Pipeline.ts';

export interface GetPipelineResponse {
  'pipeline'?: (_cloudless_v1_Pipeline | null);
}

export interface GetPipelineResponse__Output {
  'pipeline': (_cloudless_v1_Pipeline__Output | null);
}
