// Original file: proto/cloudless/v1/plan.proto


export interface Reason {
  'region'?: (string);
  'chosen'?: (boolean);
  'rule'?: (string);
  'text'?: (string);
}

export interface Reason__Output {
  'region': (string);
  'chosen': (boolean);
  'rule': (string);
  'text': (string);
}
