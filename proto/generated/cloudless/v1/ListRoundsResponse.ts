// Original file: proto/cloudless/v1/job.proto

import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from '../../cloudless/v1/Round.ts';

export interface ListRoundsResponse {
  'rounds'?: (_cloudless_v1_Round)[];
  'nextPageToken'?: (string);
}

export interface ListRoundsResponse__Output {
  'rounds': (_cloudless_v1_Round__Output)[];
  'nextPageToken': (string);
}
