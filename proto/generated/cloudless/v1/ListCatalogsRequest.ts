// Original file: proto/cloudless/v1/catalog.proto


export interface ListCatalogsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
}

export interface ListCatalogsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
}
