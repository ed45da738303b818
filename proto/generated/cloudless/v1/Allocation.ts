// Original file: proto/cloudless/v1/plan.proto

import type { Long } from '@grpc/proto-loader';

export interface Allocation {
  'deviceModel'?: (string);
  'units'?: (number);
  'samplesPerSecondPerUnit'?: (number | string);
  'usdPerUnitHour'?: (number | string);
  'market'?: (string);
  'zone'?: (string);
  'instanceType'?: (string);
  'lossesPerHour'?: (number | string);
  'requestMilli'?: (number);
  'limitMilli'?: (number);
  'memoryBytes'?: (number | string | Long);
  'smMilli'?: (number);
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
  'requestMilli': (number);
  'limitMilli': (number);
  'memoryBytes': (number);
  'smMilli': (number);
}
