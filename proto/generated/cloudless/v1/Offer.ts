// Original file: proto/cloudless/v1/region.proto


export interface Offer {
  'deviceModel'?: (string);
  'unitsTotal'?: (number);
  'unitsFree'?: (number);
  'usdPerUnitHour'?: (number | string);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'perUnitHour'?: (number | string);
  'currency'?: (string);
  'pricedOn'?: (string);
  'lossesPerHour'?: (number | string);
}

export interface Offer__Output {
  'deviceModel': (string);
  'unitsTotal': (number);
  'unitsFree': (number);
  'usdPerUnitHour': (number);
  'market': (string);
  'zone': (string);
  'instanceType': (string);
  'perUnitHour': (number);
  'currency': (string);
  'pricedOn': (string);
  'lossesPerHour': (number);
}
