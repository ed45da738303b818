// Original file: proto/cloudless/v1/function.proto

import type { InstanceEvent as _cloudless_v1_InstanceEvent, InstanceEvent__Output as _cloudless_v1_InstanceEvent__Output } from '../../cloudless/v1/InstanceEvent.ts';

export interface ListFunctionEventsResponse {
  'events'?: (_cloudless_v1_InstanceEvent)[];
  'nextPageToken'?: (string);
}

export interface ListFunctionEventsResponse__Output {
  'events': (_cloudless_v1_InstanceEvent__Output)[];
  'nextPageToken': (string);
}
