// Original file: proto/cloudless/v1/peer.proto


export interface ParameterGroup {
  'learningRate'?: (number | string);
  'weightDecay'?: (number | string);
  'momentum'?: (number | string);
  'dampening'?: (number | string);
  'nesterov'?: (boolean);
  'beta1'?: (number | string);
  'beta2'?: (number | string);
  'epsilon'?: (number | string);
}

export interface ParameterGroup__Output {
  'learningRate': (number);
  'weightDecay': (number);
  'momentum': (number);
  'dampening': (number);
  'nesterov': (boolean);
  'beta1': (number);
  'beta2': (number);
  'epsilon': (number);
}
