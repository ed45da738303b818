// Original file: proto/cloudless/v1/peer.proto

import type { Tensor as _cloudless_v1_Tensor, Tensor__Output as _cloudless_v1_Tensor__Output } from '../../cloudless/v1/Tensor.ts';
import type { Optimiser as _cloudless_v1_Optimiser, Optimiser__Output as _cloudless_v1_Optimiser__Output } from '../../cloudless/v1/Optimiser.ts';

export interface TensorLayout {
  'tensors'?: (_cloudless_v1_Tensor)[];
  'optimiser'?: (_cloudless_v1_Optimiser | null);
}

export interface TensorLayout__Output {
  'tensors': (_cloudless_v1_Tensor__Output)[];
  'optimiser': (_cloudless_v1_Optimiser__Output | null);
}
