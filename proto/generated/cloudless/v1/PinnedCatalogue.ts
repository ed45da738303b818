// Original file: proto/cloudless/v1/cost.proto


export interface PinnedCatalogue {
  'hash'?: (string);
  'version'?: (string);
  'usd'?: (number | string);
}

export interface PinnedCatalogue__Output {
  'hash': (string);
  'version': (string);
  'usd': (number);
}
