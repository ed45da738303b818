// Original file: proto/cloudless/v1/job.proto


export interface ResourceSpec {
  'deviceModels'?: (string)[];
  'workersMaxPerRegion'?: (number);
  'samplesPerSecond'?: ({[key: string]: number | string});
  'markets'?: (string)[];
}

export interface ResourceSpec__Output {
  'deviceModels': (string)[];
  'workersMaxPerRegion': (number);
  'samplesPerSecond': ({[key: string]: number});
  'markets': (string)[];
}
