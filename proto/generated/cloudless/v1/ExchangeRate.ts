// Original file: proto/cloudless/v1/cost.proto


export interface ExchangeRate {
  'currency'?: (string);
  'usd'?: (number | string);
  'catalogVersion'?: (string);
  'day'?: (string);
}

export interface ExchangeRate__Output {
  'currency': (string);
  'usd': (number);
  'catalogVersion': (string);
  'day': (string);
}
