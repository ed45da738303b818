// Original file: proto/cloudless/v1/region.proto


export interface Offer {
  'deviceModel'?: (string);
  'unitsTotal'?: (number);
  'unitsFree'?: (number);
  'usdPerUnitHour'?: (number | string);
}

export interface Offer__Output {
  'deviceModel': (string);
  'unitsTotal': (number);
  'unitsFree': (number);
  'usdPerUnitHour': (number);
}
