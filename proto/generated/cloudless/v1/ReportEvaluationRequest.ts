// Original file: proto/cloudless/v1/worker.proto


export interface ReportEvaluationRequest {
  'sessionId'?: (string);
  'epoch'?: (number | string);
  'metrics'?: ({[key: string]: number | string});
  'isFinal'?: (boolean);
}

export interface ReportEvaluationRequest__Output {
  'sessionId': (string);
  'epoch': (number);
  'metrics': ({[key: string]: number});
  'isFinal': (boolean);
}
