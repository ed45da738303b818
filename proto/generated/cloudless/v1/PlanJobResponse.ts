// Original file: proto/cloudless/v1/job.proto

import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from '../../cloudless/v1/Plan.ts';
import type { PlanInput as _cloudless_v1_PlanInput, PlanInput__Output as _cloudless_v1_PlanInput__Output } from '../../cloudless/v1/PlanInput.ts';
import type { LinkUse as _cloudless_v1_LinkUse, LinkUse__Output as _cloudless_v1_LinkUse__Output } from '../../cloudless/v1/LinkUse.ts';
import type { RegionSite as _cloudless_v1_RegionSite, RegionSite__Output as _cloudless_v1_RegionSite__Output } from '../../cloudless/v1/RegionSite.ts';

export interface PlanJobResponse {
  'plan'?: (_cloudless_v1_Plan | null);
  'without'?: (_cloudless_v1_Plan | null);
  'input'?: (_cloudless_v1_PlanInput | null);
  'recorded'?: (_cloudless_v1_Plan | null);
  'linkUses'?: (_cloudless_v1_LinkUse)[];
  'sites'?: (_cloudless_v1_RegionSite)[];
}

export interface PlanJobResponse__Output {
  'plan': (_cloudless_v1_Plan__Output | null);
  'without': (_cloudless_v1_Plan__Output | null);
  'input': (_cloudless_v1_PlanInput__Output | null);
  'recorded': (_cloudless_v1_Plan__Output | null);
  'linkUses': (_cloudless_v1_LinkUse__Output)[];
  'sites': (_cloudless_v1_RegionSite__Output)[];
}
