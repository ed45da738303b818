// Original file: proto/cloudless/v1/fleet.proto

import type { WishedInstance as _cloudless_v1_WishedInstance, WishedInstance__Output as _cloudless_v1_WishedInstance__Output } from '../../cloudless/v1/WishedInstance.ts';

export interface FunctionWish {
  'instances'?: (_cloudless_v1_WishedInstance)[];
  'because'?: (string);
}

export interface FunctionWish__Output {
  'instances': (_cloudless_v1_WishedInstance__Output)[];
  'because': (string);
}
