// Original file: proto/cloudless/v1/data.proto


export interface ListDataRequest {
  'jobId'?: (string);
  'region'?: (string);
  'fromRegion'?: (string);
  'protocolVersion'?: (number);
  'totalsOnly'?: (boolean);
}

export interface ListDataRequest__Output {
  'jobId': (string);
  'region': (string);
  'fromRegion': (string);
  'protocolVersion': (number);
  'totalsOnly': (boolean);
}
