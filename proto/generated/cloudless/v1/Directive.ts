// Original file: proto/cloudless/v1/instance.proto

import type { AddressBook as _cloudless_v1_AddressBook, AddressBook__Output as _cloudless_v1_AddressBook__Output } from '../../cloudless/v1/AddressBook.ts';

export interface Directive {
  'addressBook'?: (_cloudless_v1_AddressBook | null);
  'drain'?: (boolean);
  'interval'?: (number);
  'intervalMin'?: (number);
}

export interface Directive__Output {
  'addressBook': (_cloudless_v1_AddressBook__Output | null);
  'drain': (boolean);
  'interval': (number);
  'intervalMin': (number);
}
