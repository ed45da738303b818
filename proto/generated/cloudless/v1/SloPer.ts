// Original file: proto/cloudless/v1/function.proto

export const SloPer = {
  SLO_PER_UNSPECIFIED: 'SLO_PER_UNSPECIFIED',
  SLO_PER_REQUEST: 'SLO_PER_REQUEST',
  SLO_PER_TOKEN: 'SLO_PER_TOKEN',
} as const;

export type SloPer =
  | 'SLO_PER_UNSPECIFIED'
  | 0
  | 'SLO_PER_REQUEST'
  | 1
  | 'SLO_PER_TOKEN'
  | 2

export type SloPer__Output = typeof SloPer[keyof typeof SloPer]
