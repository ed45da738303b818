// Original file: proto/cloudless/v1/plan.proto


export interface Reason {
  'region'?: (string);
  'chosen'?: (boolean);
  'rule'?: (string);
  'text'?: (string);
  'figures'?: ({[key: string]: number | string});
}

export interface Reason__Output {
  'region': (string);
  'chosen': (boolean);
  'rule': (string);
  'text': (string);
  'figures': ({[key: string]: number});
}
