// Original file: proto/cloudless/v1/instance.proto

import type { Directive as _cloudless_v1_Directive, Directive__Output as _cloudless_v1_Directive__Output } from '../../cloudless/v1/Directive.ts';
import type { RecordsAck as _cloudless_v1_RecordsAck, RecordsAck__Output as _cloudless_v1_RecordsAck__Output } from '../../cloudless/v1/RecordsAck.ts';

export interface AttachResponse {
  'directive'?: (_cloudless_v1_Directive | null);
  'recordsAck'?: (_cloudless_v1_RecordsAck | null);
  'message'?: "directive"|"recordsAck";
}

export interface AttachResponse__Output {
  'directive'?: (_cloudless_v1_Directive__Output | null);
  'recordsAck'?: (_cloudless_v1_RecordsAck__Output | null);
  'message'?: "directive"|"recordsAck";
}
