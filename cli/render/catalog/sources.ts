// Where a catalogue's figures are from, as a table.
import type { ReadLayers } from '#regions/load-catalogue.ts'
import type { Style } from '../../output.ts'
import { renderTable } from '../../table.ts'

export function renderSources(sources: ReadLayers['sources'], style: Style): string {
  return renderTable(
    [{ head: 'layer' }, { head: 'source' }, { head: 'licence' }, { head: 'what' }],
    sources.map(({ layer, source }) => {
      if (source.kind === 'assumption') return [layer, source.id, style.yellow('assumed'), source.note]
      const what = source.note === undefined ? source.from : `${source.from}: ${source.note}`
      return [layer, source.id, source.licence, what]
    }),
    style,
  )
}
