// What a cloud calls its machines: which devices an instance type has, how many, and where it is sold. Facts for people and for
// checks; no plan depends on them, so they are no part of a catalogue's hash.
import type { Provider } from './catalogue.ts'

export type Machine = {
  readonly provider: Provider
  readonly instanceType: string
  readonly deviceModel: string
  readonly devices: number
  /** Null where the source does not say. */
  readonly vcpus: number | null
  readonly memoryGib: number | null
  readonly networkMbit: number | null
  /** Where it was listed as sold; empty where nobody says. A hint: only the cloud knows. */
  readonly zones: readonly string[]
}

export function machineKey({ provider, instanceType }: Pick<Machine, 'provider' | 'instanceType'>): string {
  return `${provider} ${instanceType}`
}
