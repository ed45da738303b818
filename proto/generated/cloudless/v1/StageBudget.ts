// Original file: proto/cloudless/v1/pipeline.proto


export interface StageBudget {
  'stage'?: (string);
  'budgetMs'?: (number | string);
}

export interface StageBudget__Output {
  'stage': (string);
  'budgetMs': (number);
}
