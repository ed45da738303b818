// Original file: proto/cloudless/v1/job.proto

import type { FunctionSpec as _cloudless_v1_FunctionSpec, FunctionSpec__Output as _cloudless_v1_FunctionSpec__Output } from '../../cloudless/v1/FunctionSpec.ts';
import type { Shard as _cloudless_v1_Shard, Shard__Output as _cloudless_v1_Shard__Output } from '../../cloudless/v1/Shard.ts';
import type { Holdout as _cloudless_v1_Holdout, Holdout__Output as _cloudless_v1_Holdout__Output } from '../../cloudless/v1/Holdout.ts';
import type { SyncSpec as _cloudless_v1_SyncSpec, SyncSpec__Output as _cloudless_v1_SyncSpec__Output } from '../../cloudless/v1/SyncSpec.ts';
import type { TrainingSpec as _cloudless_v1_TrainingSpec, TrainingSpec__Output as _cloudless_v1_TrainingSpec__Output } from '../../cloudless/v1/TrainingSpec.ts';
import type { ResourceSpec as _cloudless_v1_ResourceSpec, ResourceSpec__Output as _cloudless_v1_ResourceSpec__Output } from '../../cloudless/v1/ResourceSpec.ts';
import type { ObjectiveSpec as _cloudless_v1_ObjectiveSpec, ObjectiveSpec__Output as _cloudless_v1_ObjectiveSpec__Output } from '../../cloudless/v1/ObjectiveSpec.ts';
import type { BudgetSpec as _cloudless_v1_BudgetSpec, BudgetSpec__Output as _cloudless_v1_BudgetSpec__Output } from '../../cloudless/v1/BudgetSpec.ts';

export interface JobSpec {
  'name'?: (string);
  'function'?: (_cloudless_v1_FunctionSpec | null);
  'shards'?: (_cloudless_v1_Shard)[];
  'holdout'?: (_cloudless_v1_Holdout | null);
  'sync'?: (_cloudless_v1_SyncSpec | null);
  'training'?: (_cloudless_v1_TrainingSpec | null);
  'resources'?: (_cloudless_v1_ResourceSpec | null);
  'policy'?: (string);
  'objective'?: (_cloudless_v1_ObjectiveSpec | null);
  'budget'?: (_cloudless_v1_BudgetSpec | null);
  'owner'?: (string);
  'labels'?: ({[key: string]: string});
}

export interface JobSpec__Output {
  'name': (string);
  'function': (_cloudless_v1_FunctionSpec__Output | null);
  'shards': (_cloudless_v1_Shard__Output)[];
  'holdout': (_cloudless_v1_Holdout__Output | null);
  'sync': (_cloudless_v1_SyncSpec__Output | null);
  'training': (_cloudless_v1_TrainingSpec__Output | null);
  'resources': (_cloudless_v1_ResourceSpec__Output | null);
  'policy': (string);
  'objective': (_cloudless_v1_ObjectiveSpec__Output | null);
  'budget': (_cloudless_v1_BudgetSpec__Output | null);
  'owner': (string);
  'labels': ({[key: string]: string});
}
