// Original file: proto/cloudless/v1/pipeline.proto


export interface PipelineStage {
  'name'?: (string);
  'function'?: (string);
  'after'?: (string)[];
  'inputs'?: ({[key: string]: string});
}

export interface PipelineStage__Output {
  'name': (string);
  'function': (string);
  'after': (string)[];
  'inputs': ({[key: string]: string});
}
