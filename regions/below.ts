// What a layer may refer to without saying it itself: the regions, device models and currencies of the layers below it.
import type { Layer } from './layer.ts'

export type Below = {
  readonly regions: ReadonlySet<string>
  readonly deviceModels: ReadonlySet<string>
  readonly usdPer: Readonly<Record<string, number>>
}

export const nothingBelow: Below = { regions: new Set(), deviceModels: new Set(), usdPer: { USD: 1 } }

export function belowOf(layers: readonly Layer[]): Below {
  return {
    regions: new Set(layers.flatMap((layer) => layer.regions.map(({ name }) => name))),
    deviceModels: new Set(layers.flatMap((layer) => layer.deviceModels.map(({ name }) => name))),
    usdPer: Object.assign({ USD: 1 }, ...layers.map(({ usdPer }) => usdPer)) as Record<string, number>,
  }
}
