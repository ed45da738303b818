// Original file: proto/cloudless/v1/cost.proto


export interface ListLedgerEntriesRequest {
  'jobId'?: (string);
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListLedgerEntriesRequest__Output {
  'jobId': (string);
  'pageSize': (number);
  'pageToken': (string);
}
