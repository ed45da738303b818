// Original file: proto/cloudless/v1/region.proto


export interface ListDevicesRequest {
  'regions'?: (string)[];
}

export interface ListDevicesRequest__Output {
  'regions': (string)[];
}
