// Original file: proto/cloudless/v1/instance.proto


export interface InstanceHello {
  'instanceId'?: (string);
  'attempt'?: (number);
  'protocolVersion'?: (number);
}

export interface InstanceHello__Output {
  'instanceId': (string);
  'attempt': (number);
  'protocolVersion': (number);
}
