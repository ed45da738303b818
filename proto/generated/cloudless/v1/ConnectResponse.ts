// Original file: proto/cloudless/v1/fleet.proto

import type { AgentWelcome as _cloudless_v1_AgentWelcome, AgentWelcome__Output as _cloudless_v1_AgentWelcome__Output } from '../../cloudless/v1/AgentWelcome.ts';
import type { DesiredState as _cloudless_v1_DesiredState, DesiredState__Output as _cloudless_v1_DesiredState__Output } from '../../cloudless/v1/DesiredState.ts';
import type { JournalAck as _cloudless_v1_JournalAck, JournalAck__Output as _cloudless_v1_JournalAck__Output } from '../../cloudless/v1/JournalAck.ts';
import type { LogAck as _cloudless_v1_LogAck, LogAck__Output as _cloudless_v1_LogAck__Output } from '../../cloudless/v1/LogAck.ts';

export interface ConnectResponse {
  'welcome'?: (_cloudless_v1_AgentWelcome | null);
  'desired'?: (_cloudless_v1_DesiredState | null);
  'journalAck'?: (_cloudless_v1_JournalAck | null);
  'logAck'?: (_cloudless_v1_LogAck | null);
  'message'?: "welcome"|"desired"|"journalAck"|"logAck";
}

export interface ConnectResponse__Output {
  'welcome'?: (_cloudless_v1_AgentWelcome__Output | null);
  'desired'?: (_cloudless_v1_DesiredState__Output | null);
  'journalAck'?: (_cloudless_v1_JournalAck__Output | null);
  'logAck'?: (_cloudless_v1_LogAck__Output | null);
  'message'?: "welcome"|"desired"|"journalAck"|"logAck";
}
