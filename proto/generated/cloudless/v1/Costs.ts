// Original file: proto/cloudless/v1/cost.proto

import type { CostAmounts as _cloudless_v1_CostAmounts, CostAmounts__Output as _cloudless_v1_CostAmounts__Output } from '../../cloudless/v1/CostAmounts.ts';
import type { CostGroup as _cloudless_v1_CostGroup, CostGroup__Output as _cloudless_v1_CostGroup__Output } from '../../cloudless/v1/CostGroup.ts';
import type { JobCost as _cloudless_v1_JobCost, JobCost__Output as _cloudless_v1_JobCost__Output } from '../../cloudless/v1/JobCost.ts';
import type { Comparison as _cloudless_v1_Comparison, Comparison__Output as _cloudless_v1_Comparison__Output } from '../../cloudless/v1/Comparison.ts';
import type { UsageGap as _cloudless_v1_UsageGap, UsageGap__Output as _cloudless_v1_UsageGap__Output } from '../../cloudless/v1/UsageGap.ts';
import type { LinkMonth as _cloudless_v1_LinkMonth, LinkMonth__Output as _cloudless_v1_LinkMonth__Output } from '../../cloudless/v1/LinkMonth.ts';
import type { ExchangeRate as _cloudless_v1_ExchangeRate, ExchangeRate__Output as _cloudless_v1_ExchangeRate__Output } from '../../cloudless/v1/ExchangeRate.ts';
import type { PinnedCatalogue as _cloudless_v1_PinnedCatalogue, PinnedCatalogue__Output as _cloudless_v1_PinnedCatalogue__Output } from '../../cloudless/v1/PinnedCatalogue.ts';
import type { CostPoint as _cloudless_v1_CostPoint, CostPoint__Output as _cloudless_v1_CostPoint__Output } from '../../cloudless/v1/CostPoint.ts';
import type { Long } from '@grpc/proto-loader';

export interface Costs {
  'fromMs'?: (number | string | Long);
  'toMs'?: (number | string | Long);
  'total'?: (_cloudless_v1_CostAmounts | null);
  'groupBy'?: (string)[];
  'groups'?: (_cloudless_v1_CostGroup)[];
  'jobs'?: (_cloudless_v1_JobCost)[];
  'jobsTotal'?: (number | string | Long);
  'comparisons'?: (_cloudless_v1_Comparison)[];
  'gaps'?: (_cloudless_v1_UsageGap)[];
  'gapsTotal'?: (number | string | Long);
  'linkMonths'?: (_cloudless_v1_LinkMonth)[];
  'rate'?: (_cloudless_v1_ExchangeRate | null);
  'catalogues'?: (_cloudless_v1_PinnedCatalogue)[];
  'points'?: (_cloudless_v1_CostPoint)[];
}

export interface Costs__Output {
  'fromMs': (number);
  'toMs': (number);
  'total': (_cloudless_v1_CostAmounts__Output | null);
  'groupBy': (string)[];
  'groups': (_cloudless_v1_CostGroup__Output)[];
  'jobs': (_cloudless_v1_JobCost__Output)[];
  'jobsTotal': (number);
  'comparisons': (_cloudless_v1_Comparison__Output)[];
  'gaps': (_cloudless_v1_UsageGap__Output)[];
  'gapsTotal': (number);
  'linkMonths': (_cloudless_v1_LinkMonth__Output)[];
  'rate': (_cloudless_v1_ExchangeRate__Output | null);
  'catalogues': (_cloudless_v1_PinnedCatalogue__Output)[];
  'points': (_cloudless_v1_CostPoint__Output)[];
}
