// Original file: proto/cloudless/v1/plan.proto


export interface Bound {
  'atLeast'?: (number | string);
  'gap'?: (number | string);
  'provedOptimal'?: (boolean);
}

export interface Bound__Output {
  'atLeast': (number);
  'gap': (number);
  'provedOptimal': (boolean);
}
