// Original file: proto/cloudless/v1/pipeline.proto


export interface DeletePipelineResponse {
}

export interface DeletePipelineResponse__Output {
}
