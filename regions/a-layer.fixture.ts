// Builders of layers and their parts, for tests.
import type { Price } from './catalogue.ts'
import type { Layer, LayerRegion } from './layer.ts'

export function aLayer(fields: Partial<Layer> = {}): Layer {
  return {
    id: 'test',
    fetchedAtMs: null,
    usdPer: {},
    regions: [],
    links: [],
    egress: [],
    defaultLink: null,
    deviceModels: [],
    ...fields,
  }
}

export function aLayerRegion(name: string, fields: Partial<LayerRegion> = {}): LayerRegion {
  return {
    name,
    provider: 'aws',
    coordinates: null,
    storageUsdPerGbMonth: null,
    prices: [],
    complete: [],
    ...fields,
  }
}

export function aPrice(deviceModel: string, usdPerUnitHour: number, fields: Partial<Price> = {}): Price {
  return {
    deviceModel,
    market: 'on-demand',
    instanceType: '',
    zone: '',
    usdPerUnitHour,
    perUnitHour: usdPerUnitHour,
    currency: 'USD',
    pricedOn: '2026-11-01',
    lossesPerHour: 0,
    stock: 'unknown',
    ...fields,
  }
}
