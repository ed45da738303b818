// Original file: proto/cloudless/v1/cost.proto

import type { LedgerEntry as _cloudless_v1_LedgerEntry, LedgerEntry__Output as _cloudless_v1_LedgerEntry__Output } from '../../cloudless/v1/LedgerEntry.ts';

export interface ListLedgerEntriesResponse {
  'entries'?: (_cloudless_v1_LedgerEntry)[];
  'nextPageToken'?: (string);
}

export interface ListLedgerEntriesResponse__Output {
  'entries': (_cloudless_v1_LedgerEntry__Output)[];
  'nextPageToken': (string);
}
