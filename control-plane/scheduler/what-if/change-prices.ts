// What-ifs about prices. A new price of a class that a region does not sell yet makes it sell it.
import type { CatalogueRegion, Price } from '#control-plane/model/snapshot.ts'
import { isMeant } from '../may-move.ts'
import type { Applied, Question } from './question.ts'
import { fits, nameOf } from './matching.ts'
import { changed, type Change, type DevicePattern, type WhatIf } from './what-if.ts'

export function changePrices(question: Question, whatIf: WhatIf & { readonly kind: 'price' }): Applied {
  const { regions: pattern, device, change } = whatIf
  const { catalogue } = question
  let isMet = false
  const regions = catalogue.regions.map((region): CatalogueRegion => {
    if (!isMeant(pattern, region.name)) return region
    const prices = region.prices.map((price): Price => {
      if (!fits(price, device)) return price
      isMet = true
      return repriced(price, change)
    })
    const isNew = region.name === pattern && !prices.some((price) => fits(price, device))
    if (!isNew || device === null || change.kind === 'times') return { ...region, prices }
    isMet = true
    return { ...region, prices: [...prices, newPrice(device, change.value)].sort(byClass) }
  })
  if (isMet) return { ...question, catalogue: { ...catalogue, regions } }
  if (!catalogue.regions.some(({ name }) => isMeant(pattern, name))) {
    return `no region of catalogue ${catalogue.version} is meant by ${pattern}; name one, or a beginning such as aws/*`
  }
  return `${pattern} has no price${device === null ? '' : ` of ${nameOf(device)}`} that could change`
}

function repriced(price: Price, change: Change): Price {
  const usdPerUnitHour = changed(price.usdPerUnitHour, change)
  return { ...price, usdPerUnitHour, perUnitHour: usdPerUnitHour, currency: 'USD' }
}

function newPrice({ deviceModel, market, zone, instanceType }: DevicePattern, usdPerUnitHour: number): Price {
  return {
    deviceModel,
    market: market ?? 'on-demand',
    zone,
    instanceType,
    usdPerUnitHour,
    perUnitHour: usdPerUnitHour,
    currency: 'USD',
    pricedOn: '',
    lossesPerHour: 0,
    stock: 'unknown',
  }
}

function byClass(a: Price, b: Price): number {
  const keyOf = (price: Price): string => [price.deviceModel, price.market, price.instanceType, price.zone].join(' ')
  return keyOf(a) < keyOf(b) ? -1 : 1
}
