import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { CatalogInfo as _cloudless_v1_CatalogInfo, CatalogInfo__Output as _cloudless_v1_CatalogInfo__Output } from './cloudless/v1/CatalogInfo.ts';
import type { CatalogServiceClient as _cloudless_v1_CatalogServiceClient, CatalogServiceDefinition as _cloudless_v1_CatalogServiceDefinition } from './cloudless/v1/CatalogService.ts';
import type { GetCatalogRequest as _cloudless_v1_GetCatalogRequest, GetCatalogRequest__Output as _cloudless_v1_GetCatalogRequest__Output } from './cloudless/v1/GetCatalogRequest.ts';
import type { GetCatalogResponse as _cloudless_v1_GetCatalogResponse, GetCatalogResponse__Output as _cloudless_v1_GetCatalogResponse__Output } from './cloudless/v1/GetCatalogResponse.ts';
import type { ListCatalogsRequest as _cloudless_v1_ListCatalogsRequest, ListCatalogsRequest__Output as _cloudless_v1_ListCatalogsRequest__Output } from './cloudless/v1/ListCatalogsRequest.ts';
import type { ListCatalogsResponse as _cloudless_v1_ListCatalogsResponse, ListCatalogsResponse__Output as _cloudless_v1_ListCatalogsResponse__Output } from './cloudless/v1/ListCatalogsResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  cloudless: {
    v1: {
      CatalogInfo: MessageTypeDefinition<_cloudless_v1_CatalogInfo, _cloudless_v1_CatalogInfo__Output>
      CatalogService: SubtypeConstructor<typeof grpc.Client, _cloudless_v1_CatalogServiceClient> & { service: _cloudless_v1_CatalogServiceDefinition }
      GetCatalogRequest: MessageTypeDefinition<_cloudless_v1_GetCatalogRequest, _cloudless_v1_GetCatalogRequest__Output>
      GetCatalogResponse: MessageTypeDefinition<_cloudless_v1_GetCatalogResponse, _cloudless_v1_GetCatalogResponse__Output>
      ListCatalogsRequest: MessageTypeDefinition<_cloudless_v1_ListCatalogsRequest, _cloudless_v1_ListCatalogsRequest__Output>
      ListCatalogsResponse: MessageTypeDefinition<_cloudless_v1_ListCatalogsResponse, _cloudless_v1_ListCatalogsResponse__Output>
    }
  }
}

