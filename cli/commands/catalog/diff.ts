// `cloudless catalog diff A B`: which regions, prices and links came, went or changed, and by how much.
import { Command } from 'commander'
import { diffCatalogues } from '#regions/diff-catalogues.ts'
import { catalogueHelp, findCatalogue } from '../../catalogue-source.ts'
import type { Run } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderDiff } from '../../render/catalog/diff.ts'

export function catalogDiffCommand(run: Run): Command {
  return new Command('diff')
    .description('show what differs between two catalogues')
    .argument('<before>', catalogueHelp)
    .argument('<after>', 'likewise')
    .option('--all', 'every row, not only the greatest changes')
    .action(
      run(async (context, before: string, after: string, options: { readonly all?: true }) => {
        const { output } = context
        const diff = diffCatalogues(
          (await findCatalogue(context, before)).catalogue,
          (await findCatalogue(context, after)).catalogue,
        )
        output.result(diff, () => renderDiff(diff, output.style, options.all === true))
        return exitCodes.ok
      }),
    )
}
