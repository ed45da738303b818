// Original file: proto/cloudless/v1/function.proto


export interface DeleteFunctionResponse {
}

export interface DeleteFunctionResponse__Output {
}
