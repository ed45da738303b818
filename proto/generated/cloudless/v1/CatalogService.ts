// Original file: proto/cloudless/v1/catalog.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetCatalogRequest as _cloudless_v1_GetCatalogRequest, GetCatalogRequest__Output as _cloudless_v1_GetCatalogRequest__Output } from '../../cloudless/v1/GetCatalogRequest.ts';
import type { GetCatalogResponse as _cloudless_v1_GetCatalogResponse, GetCatalogResponse__Output as _cloudless_v1_GetCatalogResponse__Output } from '../../cloudless/v1/GetCatalogResponse.ts';
import type { ListCatalogsRequest as _cloudless_v1_ListCatalogsRequest, ListCatalogsRequest__Output as _cloudless_v1_ListCatalogsRequest__Output } from '../../cloudless/v1/ListCatalogsRequest.ts';
import type { ListCatalogsResponse as _cloudless_v1_ListCatalogsResponse, ListCatalogsResponse__Output as _cloudless_v1_ListCatalogsResponse__Output } from '../../cloudless/v1/ListCatalogsResponse.ts';

export interface CatalogServiceClient extends grpc.Client {
  GetCatalog(argument: _cloudless_v1_GetCatalogRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_GetCatalogResponse__Output>;
  GetCatalog(argument: _cloudless_v1_GetCatalogRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_GetCatalogResponse__Output>;
  getCatalog(argument: _cloudless_v1_GetCatalogRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_GetCatalogResponse__Output>;
  getCatalog(argument: _cloudless_v1_GetCatalogRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_cloudless_v1_GetCatalogResponse__Output>;
  
  ListCatalogs(argument: _cloudless_v1_ListCatalogsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  ListCatalogs(argument: _cloudless_v1_ListCatalogsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  ListCatalogs(argument: _cloudless_v1_ListCatalogsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  ListCatalogs(argument: _cloudless_v1_ListCatalogsRequest, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  listCatalogs(argument: _cloudless_v1_ListCatalogsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  listCatalogs(argument: _cloudless_v1_ListCatalogsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  listCatalogs(argument: _cloudless_v1_ListCatalogsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  listCatalogs(argument: _cloudless_v1_ListCatalogsRequest, callback: grpc.requestCallback<_cloudless_v1_ListCatalogsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface CatalogServiceHandlers extends grpc.UntypedServiceImplementation {
  GetCatalog: grpc.handleServerStreamingCall<_cloudless_v1_GetCatalogRequest__Output, _cloudless_v1_GetCatalogResponse>;
  
  ListCatalogs: grpc.handleUnaryCall<_cloudless_v1_ListCatalogsRequest__Output, _cloudless_v1_ListCatalogsResponse>;
  
}

export interface CatalogServiceDefinition extends grpc.ServiceDefinition {
  GetCatalog: MethodDefinition<_cloudless_v1_GetCatalogRequest, _cloudless_v1_GetCatalogResponse, _cloudless_v1_GetCatalogRequest__Output, _cloudless_v1_GetCatalogResponse__Output>
  ListCatalogs: MethodDefinition<_cloudless_v1_ListCatalogsRequest, _cloudless_v1_ListCatalogsResponse, _cloudless_v1_ListCatalogsRequest__Output, _cloudless_v1_ListCatalogsResponse__Output>
}
