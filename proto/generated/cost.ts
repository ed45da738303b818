import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Allocation as _cloudless_v1_Allocation, Allocation__Output as _cloudless_v1_Allocation__Output } from './cloudless/v1/Allocation.ts';
import type { Alternative as _cloudless_v1_Alternative, Alternative__Output as _cloudless_v1_Alternative__Output } from './cloudless/v1/Alternative.ts';
import type { Bound as _cloudless_v1_Bound, Bound__Output as _cloudless_v1_Bound__Output } from './cloudless/v1/Bound.ts';
import type { Comparison as _cloudless_v1_Comparison, Comparison__Output as _cloudless_v1_Comparison__Output } from './cloudless/v1/Comparison.ts';
import type { CostAmounts as _cloudless_v1_CostAmounts, CostAmounts__Output as _cloudless_v1_CostAmounts__Output } from './cloudless/v1/CostAmounts.ts';
import type { CostGroup as _cloudless_v1_CostGroup, CostGroup__Output as _cloudless_v1_CostGroup__Output } from './cloudless/v1/CostGroup.ts';
import type { CostPoint as _cloudless_v1_CostPoint, CostPoint__Output as _cloudless_v1_CostPoint__Output } from './cloudless/v1/CostPoint.ts';
import type { CostReport as _cloudless_v1_CostReport, CostReport__Output as _cloudless_v1_CostReport__Output } from './cloudless/v1/CostReport.ts';
import type { CostServiceClient as _cloudless_v1_CostServiceClient, CostServiceDefinition as _cloudless_v1_CostServiceDefinition } from './cloudless/v1/CostService.ts';
import type { Costs as _cloudless_v1_Costs, Costs__Output as _cloudless_v1_Costs__Output } from './cloudless/v1/Costs.ts';
import type { Counterfactual as _cloudless_v1_Counterfactual, Counterfactual__Output as _cloudless_v1_Counterfactual__Output } from './cloudless/v1/Counterfactual.ts';
import type { Exchange as _cloudless_v1_Exchange, Exchange__Output as _cloudless_v1_Exchange__Output } from './cloudless/v1/Exchange.ts';
import type { ExchangeRate as _cloudless_v1_ExchangeRate, ExchangeRate__Output as _cloudless_v1_ExchangeRate__Output } from './cloudless/v1/ExchangeRate.ts';
import type { Forecast as _cloudless_v1_Forecast, Forecast__Output as _cloudless_v1_Forecast__Output } from './cloudless/v1/Forecast.ts';
import type { GetCostsRequest as _cloudless_v1_GetCostsRequest, GetCostsRequest__Output as _cloudless_v1_GetCostsRequest__Output } from './cloudless/v1/GetCostsRequest.ts';
import type { GetCostsResponse as _cloudless_v1_GetCostsResponse, GetCostsResponse__Output as _cloudless_v1_GetCostsResponse__Output } from './cloudless/v1/GetCostsResponse.ts';
import type { GetJobCostRequest as _cloudless_v1_GetJobCostRequest, GetJobCostRequest__Output as _cloudless_v1_GetJobCostRequest__Output } from './cloudless/v1/GetJobCostRequest.ts';
import type { GetJobCostResponse as _cloudless_v1_GetJobCostResponse, GetJobCostResponse__Output as _cloudless_v1_GetJobCostResponse__Output } from './cloudless/v1/GetJobCostResponse.ts';
import type { JobCost as _cloudless_v1_JobCost, JobCost__Output as _cloudless_v1_JobCost__Output } from './cloudless/v1/JobCost.ts';
import type { LedgerEntry as _cloudless_v1_LedgerEntry, LedgerEntry__Output as _cloudless_v1_LedgerEntry__Output } from './cloudless/v1/LedgerEntry.ts';
import type { LinkCost as _cloudless_v1_LinkCost, LinkCost__Output as _cloudless_v1_LinkCost__Output } from './cloudless/v1/LinkCost.ts';
import type { LinkMonth as _cloudless_v1_LinkMonth, LinkMonth__Output as _cloudless_v1_LinkMonth__Output } from './cloudless/v1/LinkMonth.ts';
import type { ListLedgerEntriesRequest as _cloudless_v1_ListLedgerEntriesRequest, ListLedgerEntriesRequest__Output as _cloudless_v1_ListLedgerEntriesRequest__Output } from './cloudless/v1/ListLedgerEntriesRequest.ts';
import type { ListLedgerEntriesResponse as _cloudless_v1_ListLedgerEntriesResponse, ListLedgerEntriesResponse__Output as _cloudless_v1_ListLedgerEntriesResponse__Output } from './cloudless/v1/ListLedgerEntriesResponse.ts';
import type { Movement as _cloudless_v1_Movement, Movement__Output as _cloudless_v1_Movement__Output } from './cloudless/v1/Movement.ts';
import type { ObjectiveSpec as _cloudless_v1_ObjectiveSpec, ObjectiveSpec__Output as _cloudless_v1_ObjectiveSpec__Output } from './cloudless/v1/ObjectiveSpec.ts';
import type { Partition as _cloudless_v1_Partition, Partition__Output as _cloudless_v1_Partition__Output } from './cloudless/v1/Partition.ts';
import type { PinnedCatalogue as _cloudless_v1_PinnedCatalogue, PinnedCatalogue__Output as _cloudless_v1_PinnedCatalogue__Output } from './cloudless/v1/PinnedCatalogue.ts';
import type { Plan as _cloudless_v1_Plan, Plan__Output as _cloudless_v1_Plan__Output } from './cloudless/v1/Plan.ts';
import type { Reason as _cloudless_v1_Reason, Reason__Output as _cloudless_v1_Reason__Output } from './cloudless/v1/Reason.ts';
import type { RegionCost as _cloudless_v1_RegionCost, RegionCost__Output as _cloudless_v1_RegionCost__Output } from './cloudless/v1/RegionCost.ts';
import type { UsageGap as _cloudless_v1_UsageGap, UsageGap__Output as _cloudless_v1_UsageGap__Output } from './cloudless/v1/UsageGap.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      Allocation: MessageTypeDefinition<_cloudless_v1_Allocation, _cloudless_v1_Allocation__Output>
      Alternative: MessageTypeDefinition<_cloudless_v1_Alternative, _cloudless_v1_Alternative__Output>
      Bound: MessageTypeDefinition<_cloudless_v1_Bound, _cloudless_v1_Bound__Output>
      Comparison: MessageTypeDefinition<_cloudless_v1_Comparison, _cloudless_v1_Comparison__Output>
      CostAmounts: MessageTypeDefinition<_cloudless_v1_CostAmounts, _cloudless_v1_CostAmounts__Output>
      CostGroup: MessageTypeDefinition<_cloudless_v1_CostGroup, _cloudless_v1_CostGroup__Output>
      CostPoint: MessageTypeDefinition<_cloudless_v1_CostPoint, _cloudless_v1_CostPoint__Output>
      CostReport: MessageTypeDefinition<_cloudless_v1_CostReport, _cloudless_v1_CostReport__Output>
      CostService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_CostServiceClient> & { service: _cloudless_v1_CostServiceDefinition }
      Costs: MessageTypeDefinition<_cloudless_v1_Costs, _cloudless_v1_Costs__Output>
      Counterfactual: MessageTypeDefinition<_cloudless_v1_Counterfactual, _cloudless_v1_Counterfactual__Output>
      Exchange: MessageTypeDefinition<_cloudless_v1_Exchange, _cloudless_v1_Exchange__Output>
      ExchangeRate: MessageTypeDefinition<_cloudless_v1_ExchangeRate, _cloudless_v1_ExchangeRate__Output>
      Forecast: MessageTypeDefinition<_cloudless_v1_Forecast, _cloudless_v1_Forecast__Output>
      GetCostsRequest: MessageTypeDefinition<_cloudless_v1_GetCostsRequest, _cloudless_v1_GetCostsRequest__Output>
      GetCostsResponse: MessageTypeDefinition<_cloudless_v1_GetCostsResponse, _cloudless_v1_GetCostsResponse__Output>
      GetJobCostRequest: MessageTypeDefinition<_cloudless_v1_GetJobCostRequest, _cloudless_v1_GetJobCostRequest__Output>
      GetJobCostResponse: MessageTypeDefinition<_cloudless_v1_GetJobCostResponse, _cloudless_v1_GetJobCostResponse__Output>
      JobCost: MessageTypeDefinition<_cloudless_v1_JobCost, _cloudless_v1_JobCost__Output>
      LedgerEntry: MessageTypeDefinition<_cloudless_v1_LedgerEntry, _cloudless_v1_LedgerEntry__Output>
      LinkCost: MessageTypeDefinition<_cloudless_v1_LinkCost, _cloudless_v1_LinkCost__Output>
      LinkMonth: MessageTypeDefinition<_cloudless_v1_LinkMonth, _cloudless_v1_LinkMonth__Output>
      ListLedgerEntriesRequest: MessageTypeDefinition<_cloudless_v1_ListLedgerEntriesRequest, _cloudless_v1_ListLedgerEntriesRequest__Output>
      ListLedgerEntriesResponse: MessageTypeDefinition<_cloudless_v1_ListLedgerEntriesResponse, _cloudless_v1_ListLedgerEntriesResponse__Output>
      Movement: MessageTypeDefinition<_cloudless_v1_Movement, _cloudless_v1_Movement__Output>
      ObjectiveSpec: MessageTypeDefinition<_cloudless_v1_ObjectiveSpec, _cloudless_v1_ObjectiveSpec__Output>
      Partition: MessageTypeDefinition<_cloudless_v1_Partition, _cloudless_v1_Partition__Output>
      PinnedCatalogue: MessageTypeDefinition<_cloudless_v1_PinnedCatalogue, _cloudless_v1_PinnedCatalogue__Output>
      Plan: MessageTypeDefinition<_cloudless_v1_Plan, _cloudless_v1_Plan__Output>
      PlanOutcome: EnumTypeDefinition
      Reason: MessageTypeDefinition<_cloudless_v1_Reason, _cloudless_v1_Reason__Output>
      RegionCost: MessageTypeDefinition<_cloudless_v1_RegionCost, _cloudless_v1_RegionCost__Output>
      UsageGap: MessageTypeDefinition<_cloudless_v1_UsageGap, _cloudless_v1_UsageGap__Output>
      UsageKind: EnumTypeDefinition
    }
  }
}

