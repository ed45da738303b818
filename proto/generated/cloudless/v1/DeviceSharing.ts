// Original file: proto/cloudless/v1/fleet.proto

export const DeviceSharing = {
  DEVICE_SHARING_UNSPECIFIED: 'DEVICE_SHARING_UNSPECIFIED',
  DEVICE_SHARING_INTERPOSER: 'DEVICE_SHARING_INTERPOSER',
  DEVICE_SHARING_INTERPOSER_MPS: 'DEVICE_SHARING_INTERPOSER_MPS',
} as const;

export type DeviceSharing =
  | 'DEVICE_SHARING_UNSPECIFIED'
  | 0
  | 'DEVICE_SHARING_INTERPOSER'
  | 1
  | 'DEVICE_SHARING_INTERPOSER_MPS'
  | 2

export type DeviceSharing__Output = typeof DeviceSharing[keyof typeof DeviceSharing]
