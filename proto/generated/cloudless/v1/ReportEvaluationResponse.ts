// Original file: proto/cloudless/v1/worker.proto


export interface ReportEvaluationResponse {
}

export interface ReportEvaluationResponse__Output {
}
