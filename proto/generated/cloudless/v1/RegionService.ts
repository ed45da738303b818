// Original file: proto/cloudless/v1/region.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetRegionRequest as _cloudless_v1_GetRegionRequest, GetRegionRequest__Output as _cloudless_v1_GetRegionRequest__Output } from '../../cloudless/v1/GetRegionRequest.ts';
import type { GetRegionResponse as _cloudless_v1_GetRegionResponse, GetRegionResponse__Output as _cloudless_v1_GetRegionResponse__Output } from '../../cloudless/v1/GetRegionResponse.ts';
import type { ListDevicesRequest as _cloudless_v1_ListDevicesRequest, ListDevicesRequest__Output as _cloudless_v1_ListDevicesRequest__Output } from '../../cloudless/v1/ListDevicesRequest.ts';
import type { ListDevicesResponse as _cloudless_v1_ListDevicesResponse, ListDevicesResponse__Output as _cloudless_v1_ListDevicesResponse__Output } from '../../cloudless/v1/ListDevicesResponse.ts';
import type { ListLinksRequest as _cloudless_v1_ListLinksRequest, ListLinksRequest__Output as _cloudless_v1_ListLinksRequest__Output } from '../../cloudless/v1/ListLinksRequest.ts';
import type { ListLinksResponse as _cloudless_v1_ListLinksResponse, ListLinksResponse__Output as _cloudless_v1_ListLinksResponse__Output } from '../../cloudless/v1/ListLinksResponse.ts';
import type { ListRegionsRequest as _cloudless_v1_ListRegionsRequest, ListRegionsRequest__Output as _cloudless_v1_ListRegionsRequest__Output } from '../../cloudless/v1/ListRegionsRequest.ts';
import type { ListRegionsResponse as _cloudless_v1_ListRegionsResponse, ListRegionsResponse__Output as _cloudless_v1_ListRegionsResponse__Output } from '../../cloudless/v1/ListRegionsResponse.ts';

export interface RegionServiceClient extends grpc.Client {
  GetRegion(argument: _cloudless_v1_GetRegionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  GetRegion(argument: _cloudless_v1_GetRegionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  GetRegion(argument: _cloudless_v1_GetRegionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  GetRegion(argument: _cloudless_v1_GetRegionRequest, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  getRegion(argument: _cloudless_v1_GetRegionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  getRegion(argument: _cloudless_v1_GetRegionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  getRegion(argument: _cloudless_v1_GetRegionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  getRegion(argument: _cloudless_v1_GetRegionRequest, callback: grpc.requestCallback<_cloudless_v1_GetRegionResponse__Output>): grpc.ClientUnaryCall;
  
  ListDevices(argument: _cloudless_v1_ListDevicesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  ListDevices(argument: _cloudless_v1_ListDevicesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  ListDevices(argument: _cloudless_v1_ListDevicesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  ListDevices(argument: _cloudless_v1_ListDevicesRequest, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  listDevices(argument: _cloudless_v1_ListDevicesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  listDevices(argument: _cloudless_v1_ListDevicesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  listDevices(argument: _cloudless_v1_ListDevicesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  listDevices(argument: _cloudless_v1_ListDevicesRequest, callback: grpc.requestCallback<_cloudless_v1_ListDevicesResponse__Output>): grpc.ClientUnaryCall;
  
  ListLinks(argument: _cloudless_v1_ListLinksRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  ListLinks(argument: _cloudless_v1_ListLinksRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  ListLinks(argument: _cloudless_v1_ListLinksRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  ListLinks(argument: _cloudless_v1_ListLinksRequest, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  listLinks(argument: _cloudless_v1_ListLinksRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  listLinks(argument: _cloudless_v1_ListLinksRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  listLinks(argument: _cloudless_v1_ListLinksRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  listLinks(argument: _cloudless_v1_ListLinksRequest, callback: grpc.requestCallback<_cloudless_v1_ListLinksResponse__Output>): grpc.ClientUnaryCall;
  
  ListRegions(argument: _cloudless_v1_ListRegionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  ListRegions(argument: _cloudless_v1_ListRegionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  ListRegions(argument: _cloudless_v1_ListRegionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  ListRegions(argument: _cloudless_v1_ListRegionsRequest, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  listRegions(argument: _cloudless_v1_ListRegionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  listRegions(argument: _cloudless_v1_ListRegionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  listRegions(argument: _cloudless_v1_ListRegionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  listRegions(argument: _cloudless_v1_ListRegionsRequest, callback: grpc.requestCallback<_cloudless_v1_ListRegionsResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface RegionServiceHandlers extends grpc.UntypedServiceImplementation {
  GetRegion: grpc.handleUnaryCall<_cloudless_v1_GetRegionRequest__Output, _cloudless_v1_GetRegionResponse>;
  
  ListDevices: grpc.handleUnaryCall<_cloudless_v1_ListDevicesRequest__Output, _cloudless_v1_ListDevicesResponse>;
  
  ListLinks: grpc.handleUnaryCall<_cloudless_v1_ListLinksRequest__Output, _cloudless_v1_ListLinksResponse>;
  
  ListRegions: grpc.handleUnaryCall<_cloudless_v1_ListRegionsRequest__Output, _cloudless_v1_ListRegionsResponse>;
  
}

export interface RegionServiceDefinition extends grpc.ServiceDefinition {
  GetRegion: MethodDefinition<_cloudless_v1_GetRegionRequest, _cloudless_v1_GetRegionResponse, _cloudless_v1_GetRegionRequest__Output, _cloudless_v1_GetRegionResponse__Output>
  ListDevices: MethodDefinition<_cloudless_v1_ListDevicesRequest, _cloudless_v1_ListDevicesResponse, _cloudless_v1_ListDevicesRequest__Output, _cloudless_v1_ListDevicesResponse__Output>
  ListLinks: MethodDefinition<_cloudless_v1_ListLinksRequest, _cloudless_v1_ListLinksResponse, _cloudless_v1_ListLinksRequest__Output, _cloudless_v1_ListLinksResponse__Output>
  ListRegions: MethodDefinition<_cloudless_v1_ListRegionsRequest, _cloudless_v1_ListRegionsResponse, _cloudless_v1_ListRegionsRequest__Output, _cloudless_v1_ListRegionsResponse__Output>
}
