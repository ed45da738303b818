// Original file: proto/cloudless/v1/data.proto

import type { DataTotals as _cloudless_v1_DataTotals, DataTotals__Output as _cloudless_v1_DataTotals__Output } from '../../cloudless/v1/DataTotals.ts';
import type { DataBlocks as _cloudless_v1_DataBlocks, DataBlocks__Output as _cloudless_v1_DataBlocks__Output } from '../../cloudless/v1/DataBlocks.ts';

export interface ListDataResponse {
  'totals'?: (_cloudless_v1_DataTotals | null);
  'blocks'?: (_cloudless_v1_DataBlocks | null);
  'message'?: "totals"|"blocks";
}

export interface ListDataResponse__Output {
  'totals'?: (_cloudless_v1_DataTotals__Output | null);
  'blocks'?: (_cloudless_v1_DataBlocks__Output | null);
  'message'?: "totals"|"blocks";
}
