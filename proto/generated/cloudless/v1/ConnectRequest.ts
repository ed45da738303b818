// Original file: proto/cloudless/v1/fleet.proto

import type { AgentHello as _cloudless_v1_AgentHello, AgentHello__Output as _cloudless_v1_AgentHello__Output } from '../../cloudless/v1/AgentHello.ts';
import type { ObservedState as _cloudless_v1_ObservedState, ObservedState__Output as _cloudless_v1_ObservedState__Output } from '../../cloudless/v1/ObservedState.ts';
import type { JournalBatch as _cloudless_v1_JournalBatch, JournalBatch__Output as _cloudless_v1_JournalBatch__Output } from '../../cloudless/v1/JournalBatch.ts';
import type { LogChunk as _cloudless_v1_LogChunk, LogChunk__Output as _cloudless_v1_LogChunk__Output } from '../../cloudless/v1/LogChunk.ts';

export interface ConnectRequest {
  'hello'?: (_cloudless_v1_AgentHello | null);
  'observed'?: (_cloudless_v1_ObservedState | null);
  'journal'?: (_cloudless_v1_JournalBatch | null);
  'log'?: (_cloudless_v1_LogChunk | null);
  'message'?: "hello"|"observed"|"journal"|"log";
}

export interface ConnectRequest__Output {
  'hello'?: (_cloudless_v1_AgentHello__Output | null);
  'observed'?: (_cloudless_v1_ObservedState__Output | null);
  'journal'?: (_cloudless_v1_JournalBatch__Output | null);
  'log'?: (_cloudless_v1_LogChunk__Output | null);
  'message'?: "hello"|"observed"|"journal"|"log";
}
