// What the check of a catalogue found, as text.
import type { CatalogueCounts } from '#regions/inspect-catalogue.ts'
import type { Style } from '../../output.ts'
import { formatCount } from '../../units.ts'

export type Verification = CatalogueCounts & {
  readonly version: string
  readonly hash: string
  readonly layers: readonly string[]
  readonly warnings: readonly string[]
  readonly oddities: readonly string[]
}

export function renderVerification(found: Verification, style: Style): string {
  const without = found.regionsWithoutPrice === 0 ? '' : ` (${found.regionsWithoutPrice} without a price)`
  const dates = found.oldestPrice === '' ? '' : `, of ${found.oldestPrice} to ${found.newestPrice}`
  const counts = [
    `${found.regions} regions${without}`,
    `${formatCount(found.prices)} prices (${formatCount(found.spotPrices)} spot)${dates}`,
    `${found.deviceModels} device models`,
    `${formatCount(found.links)} links`,
  ]
  const blocks = [
    `catalogue ${style.bold(found.version)} (${found.hash.slice(0, 12)}) is ${style.green('valid')}`,
    counts.map((text) => `  ${text}`).join('\n'),
  ]
  if (found.warnings.length > 0) blocks.push(list('left out or mended', found.warnings, style))
  if (found.oddities.length > 0) blocks.push(list('worth a look', found.oddities, style))
  return blocks.join('\n')
}

function list(title: string, lines: readonly string[], style: Style): string {
  return [style.yellow(`${title}:`), ...lines.map((line) => `  ${line}`)].join('\n')
}
