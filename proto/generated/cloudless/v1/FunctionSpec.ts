// Original file: proto/cloudless/v1/job.proto


export interface FunctionSpec {
  'bundleDigest'?: (string);
  'entrypoint'?: (string);
  'arguments'?: (string)[];
  'environment'?: ({[key: string]: string});
}

export interface FunctionSpec__Output {
  'bundleDigest': (string);
  'entrypoint': (string);
  'arguments': (string)[];
  'environment': ({[key: string]: string});
}
