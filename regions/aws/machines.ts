// What machines of AWS have inside, as units that Cloudless counts: whole NVIDIA GPUs, or vCPUs of the machine that stands for
// "cpu". Slices of a GPU and other accelerators are left out: nothing here trains on them.
import { DescribeInstanceTypesCommand, type InstanceTypeInfo } from '@aws-sdk/client-ec2'
import { allPages } from '#regions/cloud/pages.ts'
import type { AwsClients } from './clients.ts'
import { cpuInstanceTypes, gpuInstanceTypePatterns } from './config.ts'

export type Machine = { readonly instanceType: string; readonly deviceModel: string; readonly devices: number }

/** In ascending order of instance type. */
export async function machinesIn(
  clients: AwsClients,
  region: string,
  instanceTypes: readonly string[],
  signal: AbortSignal,
): Promise<readonly Machine[]> {
  const what = `DescribeInstanceTypes in ${region}`
  const values = instanceTypes.length > 0 ? instanceTypes : [...gpuInstanceTypePatterns, ...cpuInstanceTypes]
  const found = await allPages(what, async (token) => {
    const command = new DescribeInstanceTypesCommand({
      Filters: [{ Name: 'instance-type', Values: [...values] }],
      MaxResults: 100,
      ...(token === undefined ? {} : { NextToken: token }),
    })
    const answer = await clients.ec2.call(what, signal, (abortSignal) =>
      clients.ec2In(region).send(command, { abortSignal }),
    )
    return { items: answer.InstanceTypes ?? [], next: answer.NextToken ?? '' }
  })
  return found.flatMap((info) => machineOf(info) ?? []).sort((a, b) => (a.instanceType < b.instanceType ? -1 : 1))
}

/** Null for what trains nothing here. */
export function machineOf({ InstanceType: instanceType, GpuInfo, VCpuInfo }: InstanceTypeInfo): Machine | null {
  if (instanceType === undefined || !/^[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$/.test(instanceType)) return null
  const gpus = GpuInfo?.Gpus ?? []
  if (gpus.length === 0) {
    const vcpus = VCpuInfo?.DefaultVCpus ?? 0
    const isCpu = cpuInstanceTypes.some((type) => type === instanceType)
    return isCpu && isCount(vcpus) ? { instanceType, deviceModel: 'cpu', devices: vcpus } : null
  }
  const [gpu] = gpus
  const devices = gpu?.Count ?? 0
  const deviceModel = gpuModel(gpu?.Manufacturer ?? '', gpu?.Name ?? '', gpu?.MemoryInfo?.SizeInMiB ?? 0)
  // Two kinds of GPU in one machine have no common price.
  if (gpus.length > 1 || deviceModel === null || !isCount(devices)) return null
  return { instanceType, deviceModel, devices }
}

function gpuModel(manufacturer: string, name: string, memoryMib: number): string | null {
  if (manufacturer !== 'NVIDIA') return null
  const plain = name
    .toLowerCase()
    .replace(/^tesla\s+/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  if (plain === '' || plain.length > 40) return null
  // There are A100 of 40 and of 80 GB, under one name.
  return plain === 'a100' && memoryMib > 60_000 ? 'nvidia-a100-80' : `nvidia-${plain}`
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 1024
}
