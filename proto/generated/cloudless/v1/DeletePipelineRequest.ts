// Original file: proto/cloudless/v1/pipeline.proto


export interface DeletePipelineRequest {
  'name'?: (string);
}

export interface DeletePipelineRequest__Output {
  'name': (string);
}
