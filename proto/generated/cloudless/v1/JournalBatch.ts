// Original file: proto/cloudless/v1/fleet.proto

import type { JournalRecord as _cloudless_v1_JournalRecord, JournalRecord__Output as _cloudless_v1_JournalRecord__Output } from '../../cloudless/v1/JournalRecord.ts';

export interface JournalBatch {
  'records'?: (_cloudless_v1_JournalRecord)[];
}

export interface JournalBatch__Output {
  'records': (_cloudless_v1_JournalRecord__Output)[];
}
