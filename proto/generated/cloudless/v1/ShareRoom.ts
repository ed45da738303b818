// Original file: proto/cloudless/v1/region.proto


export interface ShareRoom {
  'gpus'?: (number);
  'leftMilli'?: (number);
  'largestMilli'?: (number);
}

export interface ShareRoom__Output {
  'gpus': (number);
  'leftMilli': (number);
  'largestMilli': (number);
}
