// What real price lists get wrong or say in their own way, put right and told: a device under another name, a local zone or a
// zone in the place of a region, a type without a price in one market. Whatever cannot be told apart from a mistake is left for the checks.
import { deviceModelOf } from './device-names.ts'
import type { Row } from './folder-schema.ts'
import type { Placed } from './read-folder.ts'

export type PricedRow = { readonly row: Row<'prices'> & { readonly per_instance_hour: number }; readonly at: string }

export function mendPrices(
  placed: readonly Placed<'prices'>[],
  regions: ReadonlySet<string>,
  deviceModels: ReadonlySet<string>,
  warnings: string[],
): readonly PricedRow[] {
  const regionNames = [...regions].sort((a, b) => b.length - a.length)
  return placed.flatMap(({ row, at }): PricedRow[] => {
    const { per_instance_hour: price, instance_type: type, market } = row
    if (price === null) {
      warnings.push(`${at}: ${row.region} ${type} has no ${market} price, so it is left out`)
      return []
    }
    const model = deviceModelOf(row.device_model, deviceModels) ?? row.device_model
    if (model !== row.device_model) warnings.push(`${at}: ${row.device_model} is ${model} here`)
    const place = regions.has(row.region) ? row : inRegion(row, regionNames)
    if (place !== row) warnings.push(`${at}: ${row.region} is zone ${place.zone} of ${place.region}`)
    const { region, zone } = place
    return [{ row: { ...row, per_instance_hour: price, device_model: model, region, zone }, at }]
  })
}

type Place = Pick<Row<'prices'>, 'region' | 'zone'>

/** "aws/us-west-2-lax-1" is a local zone of aws/us-west-2, and "gcp/us-east1-b" a zone of gcp/us-east1. */
function inRegion(row: Row<'prices'>, regionNames: readonly string[]): Place {
  const parent = regionNames.find((name) => row.region.startsWith(`${name}-`))
  if (parent === undefined) return row
  return { region: parent, zone: row.zone === '' ? row.region.slice(row.region.indexOf('/') + 1) : row.zone }
}
