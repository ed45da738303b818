// Original file: proto/cloudless/v1/region.proto

import type { ShareRoom as _cloudless_v1_ShareRoom, ShareRoom__Output as _cloudless_v1_ShareRoom__Output } from '../../cloudless/v1/ShareRoom.ts';

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
  'shares'?: (_cloudless_v1_ShareRoom | null);
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
  'shares': (_cloudless_v1_ShareRoom__Output | null);
}
