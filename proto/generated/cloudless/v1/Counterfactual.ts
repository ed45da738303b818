// Original file: proto/cloudless/v1/cost.proto


export interface Counterfactual {
  'name'?: (string);
  'known'?: (boolean);
  'allowed'?: (boolean);
  'region'?: (string);
  'seconds'?: (number | string);
  'computeUsd'?: (number | string);
  'egressUsd'?: (number | string);
  'movementUsd'?: (number | string);
  'storageUsd'?: (number | string);
  'totalUsd'?: (number | string);
  'saving'?: (number | string);
  'text'?: (string);
}

export interface Counterfactual__Output {
  'name': (string);
  'known': (boolean);
  'allowed': (boolean);
  'region': (string);
  'seconds': (number);
  'computeUsd': (number);
  'egressUsd': (number);
  'movementUsd': (number);
  'storageUsd': (number);
  'totalUsd': (number);
  'saving': (number);
  'text': (string);
}
