// Instance types with GPUs: of AWS by its specifications, of GCP by the zones where they were sold, of Tencent Cloud by its list.
// Slices of a GPU are left out: a unit is a whole one.
import { awsDevices, gcpDevices, tencentDevices } from './devices.ts'
import type { MachineRow, Records } from './rows.ts'

export type MachineFiles = { readonly aws: Records; readonly gcp: Records; readonly tencent: Records }

export function machineRows({ aws, gcp, tencent }: MachineFiles): readonly MachineRow[] {
  return [...aws.flatMap(awsMachine), ...gcpMachines(gcp), ...tencent.flatMap(tencentMachine)]
}

function awsMachine(row: Records[number]): readonly MachineRow[] {
  const { instance_type: instanceType, gpu_model: model, gpu_count: count } = row as Record<string, string>
  const found = awsDevices(instanceType!, model!, count!)
  if (found === null) return []
  const { vcpus, memory_gib: memoryGib, network_mbps_baseline: networkMbit } = row as Record<string, string>
  return [
    {
      provider: 'aws',
      instanceType: instanceType!,
      deviceModel: found.model,
      devices: found.count,
      vcpus: vcpus!,
      memoryGib: whole(memoryGib!),
      networkMbit: networkMbit!,
      zones: '',
      source: 'ec2instances+karpenter',
    },
  ]
}

function gcpMachines(rows: Records): readonly MachineRow[] {
  return [...Map.groupBy(rows, (row) => row['machine_type']!)].flatMap(([instanceType, same]): MachineRow[] => {
    const found = gcpDevices(instanceType)
    if (found === null) return []
    const { vcpus, memory_gb: memory } = same[0] as Record<string, string>
    return [
      {
        provider: 'gcp',
        instanceType,
        deviceModel: found.model,
        devices: found.count,
        vcpus: vcpus!,
        memoryGib: whole(memory!),
        networkMbit: '',
        zones: same
          .map((row) => row['zone']!)
          .sort()
          .join(';'),
        source: 'gcp-calculator',
      },
    ]
  })
}

function tencentMachine(row: Records[number]): readonly MachineRow[] {
  const { instance_type: instanceType, gpu_model: model, gpu_count: count } = row as Record<string, string>
  const found = tencentDevices(model!, count!)
  if (found === null) return []
  const { vcpus, memory_gib: memoryGib, network_gbps: network, zones } = row as Record<string, string>
  return [
    {
      provider: 'tencent',
      instanceType: instanceType!,
      deviceModel: found.model,
      devices: found.count,
      vcpus: vcpus!,
      memoryGib: whole(memoryGib!),
      networkMbit: String(Math.round(Number(network) * 1000)),
      zones: zones!.split(';').sort().join(';'),
      source: 'tencent-list',
    },
  ]
}

/** "85.00" is 85; nothing stays nothing. */
function whole(text: string): string {
  return text === '' ? '' : String(Number(text))
}
