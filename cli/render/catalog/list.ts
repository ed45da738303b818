// The catalogues that a control plane keeps, as a table.
import type { CatalogInfo__Output } from '#proto/generated/cloudless/v1/CatalogInfo.ts'
import type { Style } from '../../output.ts'
import { renderTable } from '../../table.ts'
import { formatBytes, formatTime } from '../../units.ts'

export function renderCatalogues(catalogs: readonly CatalogInfo__Output[], style: Style): string {
  return renderTable(
    [{ head: 'hash' }, { head: 'version' }, { head: 'first plan' }, { head: 'size', align: 'right' }, { head: '' }],
    catalogs.map((catalog) => [
      catalog.hash.slice(0, 12),
      catalog.version,
      catalog.firstUsedAtMs === 0 ? 'none yet' : formatTime(catalog.firstUsedAtMs),
      formatBytes(catalog.bytes),
      catalog.isCurrent ? style.green('in force') : '',
    ]),
    style,
  )
}
