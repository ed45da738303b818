// Original file: proto/cloudless/v1/function.proto

import type { Function as _cloudless_v1_Function, Function__Output as _cloudless_v1_Function__Output } from '../../cloudless/v1/Function.ts';

export interface ListFunctionsResponse {
  'functions'?: (_cloudless_v1_Function)[];
  'nextPageToken'?: (string);
}

export interface ListFunctionsResponse__Output {
  'functions': (_cloudless_v1_Function__Output)[];
  'nextPageToken': (string);
}
