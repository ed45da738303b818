// Original file: proto/cloudless/v1/peer.proto

export const UpdateKind = {
  UPDATE_KIND_UNSPECIFIED: 'UPDATE_KIND_UNSPECIFIED',
  UPDATE_KIND_INITIAL: 'UPDATE_KIND_INITIAL',
  UPDATE_KIND_GRADIENT: 'UPDATE_KIND_GRADIENT',
  UPDATE_KIND_DELTA: 'UPDATE_KIND_DELTA',
  UPDATE_KIND_MASS: 'UPDATE_KIND_MASS',
  UPDATE_KIND_DRAINED: 'UPDATE_KIND_DRAINED',
} as const;

export type UpdateKind =
  | 'UPDATE_KIND_UNSPECIFIED'
  | 0
  | 'UPDATE_KIND_INITIAL'
  | 1
  | 'UPDATE_KIND_GRADIENT'
  | 2
  | 'UPDATE_KIND_DELTA'
  | 3
  | 'UPDATE_KIND_MASS'
  | 5
  | 'UPDATE_KIND_DRAINED'
  | 6

export type UpdateKind__Output = typeof UpdateKind[keyof typeof UpdateKind]
