// Original file: proto/cloudless/v1/region.proto

export const AgentState = {
  AGENT_STATE_UNSPECIFIED: 'AGENT_STATE_UNSPECIFIED',
  AGENT_STATE_ABSENT: 'AGENT_STATE_ABSENT',
  AGENT_STATE_CONNECTED: 'AGENT_STATE_CONNECTED',
  AGENT_STATE_LOST: 'AGENT_STATE_LOST',
} as const;

export type AgentState =
  | 'AGENT_STATE_UNSPECIFIED'
  | 0
  | 'AGENT_STATE_ABSENT'
  | 1
  | 'AGENT_STATE_CONNECTED'
  | 2
  | 'AGENT_STATE_LOST'
  | 3

export type AgentState__Output = typeof AgentState[keyof typeof AgentState]
