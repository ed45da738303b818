// Rows of the catalogue's files, before they are written.
export type PriceRow = {
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly deviceModel: string
  readonly devices: number
  readonly market: 'on-demand' | 'spot'
  readonly perInstanceHour: number
  readonly currency: string
  readonly pricedOn: string
  readonly lossesPerHour: number
  readonly source: string
}

export type MachineRow = {
  readonly provider: 'aws' | 'gcp' | 'tencent'
  readonly instanceType: string
  readonly deviceModel: string
  readonly devices: number
  /** These as text: empty where the source does not say. */
  readonly vcpus: string
  readonly memoryGib: string
  readonly networkMbit: string
  readonly zones: string
  readonly source: string
}

export type LinkRow = {
  readonly from: string
  readonly to: string
  readonly mbitPerSecond: number
  readonly roundTripMs: number
  readonly source: string
}

export type EgressRow = {
  /** A region, "provider/*" or "*". */
  readonly from: string
  readonly to: string
  readonly kind: 'per-gb' | 'p95-month'
  readonly price: number
  readonly source: string
}

/** Of a file with a header line: one record for each line. */
export type Records = readonly Readonly<Record<string, string>>[]
