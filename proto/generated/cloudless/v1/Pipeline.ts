// Original file: proto/cloudless/v1/pipeline.proto

import type { PipelineSpec as _cloudless_v1_PipelineSpec, PipelineSpec__Output as _cloudless_v1_PipelineSpec__Output } from '../../cloudless/v1/PipelineSpec.ts';
import type { PipelineState as _cloudless_v1_PipelineState, PipelineState__Output as _cloudless_v1_PipelineState__Output } from '../../cloudless/v1/PipelineState.ts';
import type { StageBudget as _cloudless_v1_StageBudget, StageBudget__Output as _cloudless_v1_StageBudget__Output } from '../../cloudless/v1/StageBudget.ts';
import type { GatewayEndpoint as _cloudless_v1_GatewayEndpoint, GatewayEndpoint__Output as _cloudless_v1_GatewayEndpoint__Output } from '../../cloudless/v1/GatewayEndpoint.ts';
import type { PipelineMeasure as _cloudless_v1_PipelineMeasure, PipelineMeasure__Output as _cloudless_v1_PipelineMeasure__Output } from '../../cloudless/v1/PipelineMeasure.ts';
import type { Long } from '@grpc/proto-loader';

export interface Pipeline {
  'id'?: (string);
  'spec'?: (_cloudless_v1_PipelineSpec | null);
  'state'?: (_cloudless_v1_PipelineState);
  'reason'?: (string);
  'budgets'?: (_cloudless_v1_StageBudget)[];
  'createdAtMs'?: (number | string | Long);
  'revision'?: (number | string | Long);
  'endpoints'?: (_cloudless_v1_GatewayEndpoint)[];
  'measured'?: (_cloudless_v1_PipelineMeasure)[];
}

export interface Pipeline__Output {
  'id': (string);
  'spec': (_cloudless_v1_PipelineSpec__Output | null);
  'state': (_cloudless_v1_PipelineState__Output);
  'reason': (string);
  'budgets': (_cloudless_v1_StageBudget__Output)[];
  'createdAtMs': (number);
  'revision': (number);
  'endpoints': (_cloudless_v1_GatewayEndpoint__Output)[];
  'measured': (_cloudless_v1_PipelineMeasure__Output)[];
}
