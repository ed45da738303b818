// Original file: proto/cloudless/v1/job.proto


export interface BudgetSpec {
  'usd'?: (number | string);
  'actions'?: (string)[];
}

export interface BudgetSpec__Output {
  'usd': (number);
  'actions': (string)[];
}
