// What a scheduling policy is: it gets the regions that hold a job's data, each with the units that may be used there,
// and says how many units to take. Everything else (what is free, what is allowed, prices, forecast, reasons for the
// regions left out) is done for it in `place-job.ts`.
//
// To add a policy: one file here that exports a `Policy`, and one line in `policies.ts`.

export type Policy = (input: PolicyInput) => readonly Choice[]

export type PolicyInput = {
  /** Regions with data, in ascending order of name; each has at least one free unit. */
  readonly regions: readonly RegionOffer[]
}

export type RegionOffer = {
  readonly region: string
  /** Samples of one epoch that lie here; above 0. */
  readonly samples: number
  /** Most units that may be taken, over all device models. */
  readonly unitsMax: number
  /** In ascending order of device model; at least one. */
  readonly devices: readonly DeviceOffer[]
}

export type DeviceOffer = {
  readonly deviceModel: string
  /** At least 1. */
  readonly unitsFree: number
  /** Above 0. */
  readonly samplesPerSecondPerUnit: number
  readonly usdPerUnitHour: number
}

/** What a policy takes in one region: at least one unit, never more than the offer. */
export type Choice = {
  readonly region: string
  /** Units by device model; models with 0 units may be left out. */
  readonly units: ReadonlyMap<string, number>
  /** Stable and machine-readable, for example "matched-load-power". */
  readonly rule: string
  /** One sentence with the numbers. */
  readonly text: string
}

/** Samples per second of the chosen units. */
export function throughputOf(offer: RegionOffer, units: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const device of offer.devices) sum += (units.get(device.deviceModel) ?? 0) * device.samplesPerSecondPerUnit
  return sum
}

/** For example "8 of 12 cpu and 1 of 4 nvidia-t4". */
export function describeUnits(offer: RegionOffer, units: ReadonlyMap<string, number>): string {
  return offer.devices
    .filter((device) => (units.get(device.deviceModel) ?? 0) > 0)
    .map((device) => `${units.get(device.deviceModel) ?? 0} of ${device.unitsFree} ${device.deviceModel}`)
    .join(' and ')
}

/** Four significant digits, as people read them: 0.01333, 12.5, 4200. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}
