// Original file: proto/cloudless/v1/pipeline.proto

export const PipelineState = {
  PIPELINE_STATE_UNSPECIFIED: 'PIPELINE_STATE_UNSPECIFIED',
  PIPELINE_STATE_DEPLOYING: 'PIPELINE_STATE_DEPLOYING',
  PIPELINE_STATE_READY: 'PIPELINE_STATE_READY',
} as const;

export type PipelineState =
  | 'PIPELINE_STATE_UNSPECIFIED'
  | 0
  | 'PIPELINE_STATE_DEPLOYING'
  | 1
  | 'PIPELINE_STATE_READY'
  | 2

export type PipelineState__Output = typeof PipelineState[keyof typeof PipelineState]
