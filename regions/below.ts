// What a layer may refer to without saying it itself: the regions, device models, currencies and prices of the layers below it.
import type { Price, Provider } from './catalogue.ts'
import type { Layer } from './layer.ts'
import { machineKey, type Machine } from './machines.ts'

export type Names = {
  readonly regions: ReadonlySet<string>
  readonly deviceModels: ReadonlySet<string>
  readonly usdPer: Readonly<Record<string, number>>
}

export type Below = Names & {
  readonly hasPrice: (region: string, device: Pick<Price, 'deviceModel' | 'market' | 'instanceType'>) => boolean
  /** Null where nobody says what an instance type is. */
  readonly machine: (provider: Provider, instanceType: string) => Machine | null
}

export const nothingBelow: Below = belowOf([])

export function belowOf(layers: readonly Layer[], machines: readonly Machine[] = []): Below {
  const byType = new Map(machines.map((machine) => [machineKey(machine), machine]))
  const regions = layers.flatMap((layer) => layer.regions)
  return {
    regions: new Set(regions.map(({ name }) => name)),
    deviceModels: new Set(layers.flatMap((layer) => layer.deviceModels.map(({ name }) => name))),
    usdPer: Object.assign({ USD: 1 }, ...layers.map(({ usdPer }) => usdPer)) as Record<string, number>,
    machine: (provider, instanceType) => byType.get(machineKey({ provider, instanceType })) ?? null,
    hasPrice: (region, { deviceModel, market, instanceType }) =>
      regions.some(
        ({ name, prices }) =>
          name === region &&
          prices.some(
            (price) =>
              price.deviceModel === deviceModel &&
              price.market === market &&
              (price.instanceType === '' || price.instanceType === instanceType),
          ),
      ),
  }
}
