import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Allocation as _cloudless_v1_Allocation, Allocation__Output as _cloudless_v1_Allocation__Output } from './cloudless/v1/Allocation.ts';
import type { Alternative as _cloudless_v1_Alternative, Alternative__Output as _cloudless_v1_Alternative__Output } from './cloudless/v1/Alternative.ts';
import type { Bound as _cloudless_v1_Bound, Bound__Output as _cloudless_v1_Bound__Output } from './cloudless/v1/Bound.ts';
import type { Exchange as _cloudless_v1_Exchange, Exchange__Output as _cloudless_v1_Exchange__Output } from './cloudless/v1/Exchange.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from './cloudless/v1/Forecast.ts';
import type { Movement as _cloudless_v1_Movement, Movement__Output as _cloudless_v1_Movement__Output } from './cloudless/v1/Movement.ts';
import type { ObjectiveSpec as _cloudless_v1_ObjectiveSpec, ObjectiveSpec__Output as _cloudless_v1_ObjectiveSpec__Output } from './cloudless/v1/ObjectiveSpec.ts';
import type { Partition as _cloudless_v1_Partition, Partition__Output as _cloudless_v1_Partition__Output } from './cloudless/v1/Partition.ts';
import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from './cloudless/v1/Plan.ts';
import type { Reason as _cloudless_v1_Reason, Reason__Output as _cloudless_v1_Reason__Output } from './cloudless/v1/Reason.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      Allocation: MessageTypeDefinition<_cloudless_v1_Allocation, _cloudless_v1_Allocation__Output>
      Alternative: MessageTypeDefinition<_cloudless_v1_Alternative, _cloudless_v1_Alternative__Output>
      Bound: MessageTypeDefinition<_cloudless_v1_Bound, _cloudless_v1_Bound__Output>
      Exchange: MessageTypeDefinition<_cloudless_v1_Exchange, _cloudless_v1_Exchange__Output>
      Forecast: MessageTypeDefinition<_cloudless_v1_Forecast, _cloudless_v1_Forecast__Output>
      Movement: MessageTypeDefinition<_cloudless_v1_Movement, _cloudless_v1_Movement__Output>
      ObjectiveSpec: MessageTypeDefinition<_cloudless_v1_ObjectiveSpec, _cloudless_v1_ObjectiveSpec__Output>
      Partition: MessageTypeDefinition<_cloudless_v1_Partition, _cloudless_v1_Partition__Output>
      Plan: MessageTypeDefinition<_cloudless_v1_Plan, _cloudless_v1_Plan__Output>
      PlanOutcome: EnumTypeDefinition
      Reason: MessageTypeDefinition<_cloudless_v1_Reason, _cloudless_v1_Reason__Output>
    }
  }
}

