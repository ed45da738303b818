// Original file: proto/cloudless/v1/job.proto

import type { InstanceEvent as _cloudless_v1_InstanceEvent, InstanceEvent__Output as _cloudless_v1_InstanceEvent__Output } from '../../cloudless/v1/InstanceEvent.ts';

export interface ListEventsResponse {
  'events'?: (_cloudless_v1_InstanceEvent)[];
  'nextPageToken'?: (string);
}

export interface ListEventsResponse__Output {
  'events': (_cloudless_v1_InstanceEvent__Output)[];
  'nextPageToken': (string);
}
