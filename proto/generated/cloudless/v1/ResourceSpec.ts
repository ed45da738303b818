// Original file: proto/cloudless/v1/job.proto


export interface ResourceSpec {
  'deviceModels'?: (string)[];
  'workersMaxPerRegion'?: (number);
  'samplesPerSecond'?: ({[key: string]: number | string});
}

export interface ResourceSpec__Output {
  'deviceModels': (string)[];
  'workersMaxPerRegion': (number);
  'samplesPerSecond': ({[key: string]: number});
}
