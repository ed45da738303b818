// Original file: proto/cloudless/v1/job.proto


export interface SyncSpec {
  'strategy'?: (string);
  'interval'?: (number);
  'mode'?: (string);
  'delayCompensation'?: (number | string);
  'codec'?: (string);
  'density'?: (number | string);
  'fragments'?: (number);
  'merge'?: (string);
  'mergeWeight'?: (number | string);
  'outerLearningRate'?: (number | string);
  'outerMomentum'?: (number | string);
  'outerDelay'?: (number);
  'quorum'?: (number);
  'graceMinMs'?: (number);
  'graceMaxMs'?: (number);
  'late'?: (string);
  'stalenessExponent'?: (number | string);
  'stalenessMax'?: (number);
  'pacing'?: (string);
  'utilisation'?: (number | string);
  'significance'?: (number | string);
  'intervalMin'?: (number);
  'intervalMax'?: (number);
  'feedbackDecay'?: (number | string);
  '_mergeWeight'?: "mergeWeight";
  '_outerLearningRate'?: "outerLearningRate";
  '_outerMomentum'?: "outerMomentum";
  '_stalenessExponent'?: "stalenessExponent";
}

export interface SyncSpec__Output {
  'strategy': (string);
  'interval': (number);
  'mode': (string);
  'delayCompensation': (number);
  'codec': (string);
  'density': (number);
  'fragments': (number);
  'merge': (string);
  'mergeWeight'?: (number);
  'outerLearningRate'?: (number);
  'outerMomentum'?: (number);
  'outerDelay': (number);
  'quorum': (number);
  'graceMinMs': (number);
  'graceMaxMs': (number);
  'late': (string);
  'stalenessExponent'?: (number);
  'stalenessMax': (number);
  'pacing': (string);
  'utilisation': (number);
  'significance': (number);
  'intervalMin': (number);
  'intervalMax': (number);
  'feedbackDecay': (number);
  '_mergeWeight'?: "mergeWeight";
  '_outerLearningRate'?: "outerLearningRate";
  '_outerMomentum'?: "outerMomentum";
  '_stalenessExponent'?: "stalenessExponent";
}
