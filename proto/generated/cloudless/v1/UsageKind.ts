// Original file: proto/cloudless/v1/cost.proto

export const UsageKind = {
  USAGE_KIND_UNSPECIFIED: 'USAGE_KIND_UNSPECIFIED',
  USAGE_KIND_DEVICE_SECONDS: 'USAGE_KIND_DEVICE_SECONDS',
  USAGE_KIND_WAN_BYTES: 'USAGE_KIND_WAN_BYTES',
  USAGE_KIND_STORAGE_BYTE_SECONDS: 'USAGE_KIND_STORAGE_BYTE_SECONDS',
} as const;

export type UsageKind =
  | 'USAGE_KIND_UNSPECIFIED'
  | 0
  | 'USAGE_KIND_DEVICE_SECONDS'
  | 1
  | 'USAGE_KIND_WAN_BYTES'
  | 2
  | 'USAGE_KIND_STORAGE_BYTE_SECONDS'
  | 3

export type UsageKind__Output = typeof UsageKind[keyof typeof UsageKind]
