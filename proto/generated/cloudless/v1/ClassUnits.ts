// Original file: proto/cloudless/v1/job.proto


export interface ClassUnits {
  'deviceModel'?: (string);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'unitsTotal'?: (number);
  'unitsFree'?: (number);
}

export interface ClassUnits__Output {
  'deviceModel': (string);
  'market': (string);
  'zone': (string);
  'instanceType': (string);
  'unitsTotal': (number);
  'unitsFree': (number);
}
