// Original file: proto/cloudless/v1/region.proto


export interface ListRegionsRequest {
}

export interface ListRegionsRequest__Output {
}
