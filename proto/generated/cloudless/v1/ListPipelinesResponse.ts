// Original file: proto/cloudless/v1/pipeline.proto

import type { Pipeline as _cloudless_v1_Pipeline, Pipeline__Output as _cloudless_v1_Pipeline__Output } from '../../cloudless/v1/Pipeline.ts';

export interface ListPipelinesResponse {
  'pipelines'?: (_cloudless_v1_Pipeline)[];
  'nextPageToken'?: (string);
}

export interface ListPipelinesResponse__Output {
  'pipelines': (_cloudless_v1_Pipeline__Output)[];
  'nextPageToken': (string);
}
