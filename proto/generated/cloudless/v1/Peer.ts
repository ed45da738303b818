// Original file: proto/cloudless/v1/fleet.proto


export interface Peer {
  'region'?: (string);
  'endpoint'?: (string);
  'dataShare'?: (number | string);
  'pruned'?: (boolean);
  'place'?: (string);
}

export interface Peer__Output {
  'region': (string);
  'endpoint': (string);
  'dataShare': (number);
  'pruned': (boolean);
  'place': (string);
}
