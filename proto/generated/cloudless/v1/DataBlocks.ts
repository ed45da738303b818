// Original file: proto/cloudless/v1/data.proto

import type { Long } from '@grpc/proto-loader';

export interface DataBlocks {
  'uri'?: (string);
  'path'?: (string);
  'fileBytes'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'sha256'?: (string)[];
}

export interface DataBlocks__Output {
  'uri': (string);
  'path': (string);
  'fileBytes': (number);
  'offset': (number);
  'sha256': (string)[];
}
