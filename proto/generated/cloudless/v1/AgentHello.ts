// Original file: proto/cloudless/v1/fleet.proto

import type { Device as _cloudless_v1_Device, Device__Output as _cloudless_v1_Device__Output } from '../../cloudless/v1/Device.ts';
import type { Long } from '@grpc/proto-loader';

export interface AgentHello {
  'region'?: (string);
  'agentId'?: (string);
  'incarnation'?: (number | string | Long);
  'version'?: (string);
  'protocolVersion'?: (number);
  'devices'?: (_cloudless_v1_Device)[];
}

export interface AgentHello__Output {
  'region': (string);
  'agentId': (string);
  'incarnation': (number);
  'version': (string);
  'protocolVersion': (number);
  'devices': (_cloudless_v1_Device__Output)[];
}
