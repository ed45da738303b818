// Instance types, what they have and where they are sold, as a table.
import type { Machine } from '#regions/machines.ts'
import type { Style } from '../../output.ts'
import { renderTable } from '../../table.ts'
import { formatCount } from '../../units.ts'

const zonesShown = 4

export function renderMachines(machines: readonly Machine[], style: Style): string {
  const text = (value: number | null, unit: string): string => (value === null ? '' : `${formatCount(value)}${unit}`)
  return renderTable(
    [
      { head: 'cloud' },
      { head: 'instance type' },
      { head: 'devices' },
      { head: 'vCPUs', align: 'right' },
      { head: 'memory', align: 'right' },
      { head: 'network', align: 'right' },
      { head: 'zones' },
    ],
    machines.map((machine) => [
      machine.provider,
      machine.instanceType,
      `${machine.devices} ${machine.deviceModel}`,
      text(machine.vcpus, ''),
      text(machine.memoryGib, ' GiB'),
      text(machine.networkMbit, ' Mbit/s'),
      zonesText(machine.zones),
    ]),
    style,
  )
}

function zonesText(zones: readonly string[]): string {
  const shown = zones.slice(0, zonesShown)
  return zones.length > zonesShown ? `${shown.join(' ')} and ${zones.length - zonesShown} more` : shown.join(' ')
}
