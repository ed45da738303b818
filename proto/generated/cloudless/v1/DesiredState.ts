// Original file: proto/cloudless/v1/fleet.proto

import type { DesiredInstance as _cloudless_v1_DesiredInstance, DesiredInstance__Output as _cloudless_v1_DesiredInstance__Output } from '../../cloudless/v1/DesiredInstance.ts';
import type { AddressBook as _cloudless_v1_AddressBook, AddressBook__Output as _cloudless_v1_AddressBook__Output } from '../../cloudless/v1/AddressBook.ts';
import type { ServedFunction as _cloudless_v1_ServedFunction, ServedFunction__Output as _cloudless_v1_ServedFunction__Output } from '../../cloudless/v1/ServedFunction.ts';
import type { ServedPipeline as _cloudless_v1_ServedPipeline, ServedPipeline__Output as _cloudless_v1_ServedPipeline__Output } from '../../cloudless/v1/ServedPipeline.ts';
import type { Long } from '@grpc/proto-loader';

export interface DesiredState {
  'revision'?: (number | string | Long);
  'instances'?: (_cloudless_v1_DesiredInstance)[];
  'addressBooks'?: (_cloudless_v1_AddressBook)[];
  'keptJobIds'?: (string)[];
  'functions'?: (_cloudless_v1_ServedFunction)[];
  'pipelines'?: (_cloudless_v1_ServedPipeline)[];
}

export interface DesiredState__Output {
  'revision': (number);
  'instances': (_cloudless_v1_DesiredInstance__Output)[];
  'addressBooks': (_cloudless_v1_AddressBook__Output)[];
  'keptJobIds': (string)[];
  'functions': (_cloudless_v1_ServedFunction__Output)[];
  'pipelines': (_cloudless_v1_ServedPipeline__Output)[];
}
