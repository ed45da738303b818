// Original file: proto/cloudless/v1/fleet.proto

import type { Long } from '@grpc/proto-loader';

export interface AgentWelcome {
  'heartbeatMs'?: (number);
  'leaseMs'?: (number);
  'journalSeq'?: (number | string | Long);
}

export interface AgentWelcome__Output {
  'heartbeatMs': (number);
  'leaseMs': (number);
  'journalSeq': (number);
}
