// Original file: proto/cloudless/v1/job.proto

import type { JobSpec as _cloudless_v1_JobSpec, JobSpec__Output as _cloudless_v1_JobSpec__Output } from '../../cloudless/v1/JobSpec.ts';
import type { JobState as _cloudless_v1_JobState, JobState__Output as _cloudless_v1_JobState__Output } from '../../cloudless/v1/JobState.ts';
import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from '../../cloudless/v1/Plan.ts';
import type { JobProgress as _cloudless_v1_JobProgress, JobProgress__Output as _cloudless_v1_JobProgress__Output } from '../../cloudless/v1/JobProgress.ts';
import type { IdleSpan as _cloudless_v1_IdleSpan, IdleSpan__Output as _cloudless_v1_IdleSpan__Output } from '../../cloudless/v1/IdleSpan.ts';
import type { Long } from '@grpc/proto-loader';

export interface Job {
  'id'?: (string);
  'spec'?: (_cloudless_v1_JobSpec | null);
  'state'?: (_cloudless_v1_JobState);
  'reason'?: (string);
  'plan'?: (_cloudless_v1_Plan | null);
  'progress'?: (_cloudless_v1_JobProgress | null);
  'revision'?: (number | string | Long);
  'createdAtMs'?: (number | string | Long);
  'startedAtMs'?: (number | string | Long);
  'firstStepAtMs'?: (number | string | Long);
  'endedAtMs'?: (number | string | Long);
  'costUsd'?: (number | string);
  'resumptions'?: (number);
  'idle'?: (_cloudless_v1_IdleSpan)[];
  'resumableUntilMs'?: (number | string | Long);
  'prunedRegions'?: (string)[];
}

export interface Job__Output {
  'id': (string);
  'spec': (_cloudless_v1_JobSpec__Output | null);
  'state': (_cloudless_v1_JobState__Output);
  'reason': (string);
  'plan': (_cloudless_v1_Plan__Output | null);
  'progress': (_cloudless_v1_JobProgress__Output | null);
  'revision': (number);
  'createdAtMs': (number);
  'startedAtMs': (number);
  'firstStepAtMs': (number);
  'endedAtMs': (number);
  'costUsd': (number);
  'resumptions': (number);
  'idle': (_cloudless_v1_IdleSpan__Output)[];
  'resumableUntilMs': (number);
  'prunedRegions': (string)[];
}
