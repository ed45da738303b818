// Original file: proto/cloudless/v1/fleet.proto

export const InstanceRole = {
  INSTANCE_ROLE_UNSPECIFIED: 'INSTANCE_ROLE_UNSPECIFIED',
  INSTANCE_ROLE_PARAMETER_SERVER: 'INSTANCE_ROLE_PARAMETER_SERVER',
  INSTANCE_ROLE_WORKER: 'INSTANCE_ROLE_WORKER',
} as const;

export type InstanceRole =
  | 'INSTANCE_ROLE_UNSPECIFIED'
  | 0
  | 'INSTANCE_ROLE_PARAMETER_SERVER'
  | 1
  | 'INSTANCE_ROLE_WORKER'
  | 2

export type InstanceRole__Output = typeof InstanceRole[keyof typeof InstanceRole]
