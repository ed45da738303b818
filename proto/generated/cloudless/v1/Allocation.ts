// Original file: proto/cloudless/v1/plan.proto


export interface Allocation {
  'deviceModel'?: (string);
  'units'?: (number);
  'samplesPerSecondPerUnit'?: (number | string);
  'usdPerUnitHour'?: (number | string);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'lossesPerHour'?: (number | string);
}

export interface Allocation__Output {
  'deviceModel': (string);
  'units': (number);
  'samplesPerSecondPerUnit': (number);
  'usdPerUnitHour': (number);
  'market': (string);
  'zone': (string);
  'instanceType': (string);
  'lossesPerHour': (number);
}
