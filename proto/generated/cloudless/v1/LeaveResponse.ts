// Original file: proto/cloudless/v1/worker.proto


export interface LeaveResponse {
}

export interface LeaveResponse__Output {
}
