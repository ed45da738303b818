// Original file: proto/cloudless/v1/cost.proto


export interface LinkMonth {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'month'?: (string);
  'priceKind'?: (string);
  'bytes'?: (number | string);
  'p95MbitPerSecond'?: (number | string);
  'days'?: (number);
  'billUsd'?: (number | string);
  'ledgerUsd'?: (number | string);
}

export interface LinkMonth__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'month': (string);
  'priceKind': (string);
  'bytes': (number);
  'p95MbitPerSecond': (number);
  'days': (number);
  'billUsd': (number);
  'ledgerUsd': (number);
}
