// The decision for one job. Always a value: "cannot place now" is an outcome, not an error.

export type Plan = {
  readonly outcome: 'placed' | 'waiting' | 'impossible'
  readonly policy: string
  /** In ascending order of region; empty unless placed. */
  readonly partitions: readonly Partition[]
  /** One per region considered, chosen or refused, in ascending order of region. */
  readonly reasons: readonly Reason[]
  readonly forecast: Forecast | null
  readonly forecastUseEverything: Forecast | null
  readonly catalogVersion: string
  readonly catalogHash: string
  /** Epochs per second that every region reaches at least. */
  readonly loadPower: number
  readonly bottleneckRegion: string
}

export type Partition = {
  readonly region: string
  readonly samples: number
  readonly allocations: readonly Allocation[]
  readonly loadPower: number
}

export type Allocation = {
  readonly deviceModel: string
  readonly units: number
  readonly samplesPerSecondPerUnit: number
  readonly usdPerUnitHour: number
}

export type Reason = {
  readonly region: string
  readonly chosen: boolean
  readonly rule: string
  readonly text: string
}

export type Forecast = {
  readonly seconds: number
  readonly computeUsd: number
  readonly egressUsd: number
  readonly totalUsd: number
  readonly wanBytes: number
  readonly throughputSource: 'declared' | 'measured' | 'nominal'
}

/** What one inter-region update weighs and how much work lies behind it, measured in earlier runs of the function. */
export type ModelSize = {
  /** One update of the whole model as float32, whatever it was compressed to. */
  readonly updateBytes: number
  /** Samples of one local step (the batch size). */
  readonly samplesPerStep: number
}
