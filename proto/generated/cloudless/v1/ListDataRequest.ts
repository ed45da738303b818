// Original file: proto/cloudless/v1/data.proto


export interface ListDataRequest {
  'jobId'?: (string);
  'region'?: (string);
  'fromRegion'?: (string);
  'protocolVersion'?: (number);
}

export interface ListDataRequest__Output {
  'jobId': (string);
  'region': (string);
  'fromRegion': (string);
  'protocolVersion': (number);
}
