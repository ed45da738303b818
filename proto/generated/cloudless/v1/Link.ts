// Original file: proto/cloudless/v1/region.proto


export interface Link {
  'fromRegion'?: (string);
  'toRegion'?: (string);
  'mbitPerSecond'?: (number | string);
  'roundTripMs'?: (number | string);
  'egressUsdPerGb'?: (number | string);
  'egressUsdPerMbitMonth'?: (number | string);
  'measuredMbitPerSecond'?: (number | string);
  'measuredRoundTripMs'?: (number | string);
}

export interface Link__Output {
  'fromRegion': (string);
  'toRegion': (string);
  'mbitPerSecond': (number);
  'roundTripMs': (number);
  'egressUsdPerGb': (number);
  'egressUsdPerMbitMonth': (number);
  'measuredMbitPerSecond': (number);
  'measuredRoundTripMs': (number);
}
