import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Evaluation as _cloudless_v1_Evaluation, Evaluation__Output as _cloudless_v1_Evaluation__Output } from './cloudless/v1/Evaluation.ts';
import type { InstanceEvent as _cloudless_v1_InstanceEvent, InstanceEvent__Output as _cloudless_v1_InstanceEvent__Output } from './cloudless/v1/InstanceEvent.ts';
import type { Round as _cloudless_v1_Round, Round__Output as _cloudless_v1_Round__Output } from './cloudless/v1/Round.ts';
import type { RoundTotals as _cloudless_v1_RoundTotals, RoundTotals__Output as _cloudless_v1_RoundTotals__Output } from './cloudless/v1/RoundTotals.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      Evaluation: MessageTypeDefinition<_cloudless_v1_Evaluation, _cloudless_v1_Evaluation__Output>
      InstanceEvent: MessageTypeDefinition<_cloudless_v1_InstanceEvent, _cloudless_v1_InstanceEvent__Output>
      Round: MessageTypeDefinition<_cloudless_v1_Round, _cloudless_v1_Round__Output>
      RoundTotals: MessageTypeDefinition<_cloudless_v1_RoundTotals, _cloudless_v1_RoundTotals__Output>
    }
  }
}

