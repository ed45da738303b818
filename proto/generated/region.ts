import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { FetchedLayer as _cloudless_v1_FetchedLayer, FetchedLayer__Output as _cloudless_v1_FetchedLayer__Output } from './cloudless/v1/FetchedLayer.ts';
import type { GetRegionRequest as _cloudless_v1_GetRegionRequest, GetRegionRequest__Output as _cloudless_v1_GetRegionRequest__Output } from './cloudless/v1/GetRegionRequest.ts';
import type { GetRegionResponse as _cloudless_v1_GetRegionResponse, GetRegionResponse__Output as _cloudless_v1_GetRegionResponse__Output } from './cloudless/v1/GetRegionResponse.ts';
import type { Link as _cloudless_v1_Link, Link__Output as _cloudless_v1_Link__Output } from './cloudless/v1/Link.ts';
import type { ListLinksRequest as _cloudless_v1_ListLinksRequest, ListLinksRequest__Output as _cloudless_v1_ListLinksRequest__Output } from './cloudless/v1/ListLinksRequest.ts';
import type { ListLinksResponse as _cloudless_v1_ListLinksResponse, ListLinksResponse__Output as _cloudless_v1_ListLinksResponse__Output } from './cloudless/v1/ListLinksResponse.ts';
import type { ListRegionsRequest as _cloudless_v1_ListRegionsRequest, ListRegionsRequest__Output as _cloudless_v1_ListRegionsRequest__Output } from './cloudless/v1/ListRegionsRequest.ts';
import type { ListRegionsResponse as _cloudless_v1_ListRegionsResponse, ListRegionsResponse__Output as _cloudless_v1_ListRegionsResponse__Output } from './cloudless/v1/ListRegionsResponse.ts';
import type { Offer as _cloudless_v1_Offer, Offer__Output as _cloudless_v1_Offer__Output } from './cloudless/v1/Offer.ts';
import type { Region as _cloudless_v1_Region, Region__Output as _cloudless_v1_Region__Output } from './cloudless/v1/Region.ts';
import type { RegionServiceClient as _cloudless_v1_RegionServiceClient, RegionServiceDefinition as _cloudless_v1_RegionServiceDefinition } from './cloudless/v1/RegionService.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      AgentState: EnumTypeDefinition
      FetchedLayer: MessageTypeDefinition<_cloudless_v1_FetchedLayer, _cloudless_v1_FetchedLayer__Output>
      GetRegionRequest: MessageTypeDefinition<_cloudless_v1_GetRegionRequest, _cloudless_v1_GetRegionRequest__Output>
      GetRegionResponse: MessageTypeDefinition<_cloudless_v1_GetRegionResponse, _cloudless_v1_GetRegionResponse__Output>
      Link: MessageTypeDefinition<_cloudless_v1_Link, _cloudless_v1_Link__Output>
      ListLinksRequest: MessageTypeDefinition<_cloudless_v1_ListLinksRequest, _cloudless_v1_ListLinksRequest__Output>
      ListLinksResponse: MessageTypeDefinition<_cloudless_v1_ListLinksResponse, _cloudless_v1_ListLinksResponse__Output>
      ListRegionsRequest: MessageTypeDefinition<_cloudless_v1_ListRegionsRequest, _cloudless_v1_ListRegionsRequest__Output>
      ListRegionsResponse: MessageTypeDefinition<_cloudless_v1_ListRegionsResponse, _cloudless_v1_ListRegionsResponse__Output>
      Offer: MessageTypeDefinition<_cloudless_v1_Offer, _cloudless_v1_Offer__Output>
      Region: MessageTypeDefinition<_cloudless_v1_Region, _cloudless_v1_Region__Output>
      RegionService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_RegionServiceClient> & { service: _cloudless_v1_RegionServiceDefinition }
    }
  }
}

