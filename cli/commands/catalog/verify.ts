// `cloudless catalog verify [PATH…]`: reads catalogues as the control plane would. What is wrong is an error with file, row,
// field and fix; what is only odd is told.
import { Command } from 'commander'
import { nothingBelow } from '#regions/below.ts'
import { inspectCatalogue } from '#regions/inspect-catalogue.ts'
import { bundledCataloguePath, loadCatalogue, loadLayers, readLayer } from '#regions/load-catalogue.ts'
import type { Run } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderVerification } from '../../render/catalog/verify.ts'

export function catalogVerifyCommand(run: Run): Command {
  return new Command('verify')
    .description('check catalogues as the control plane would read them, in this order over the bundled one')
    .argument(
      '[path...]',
      'folders, YAML files or what `terraform output -json` printed; the bundled catalogue itself when there is none',
    )
    .option('--alone', 'nothing lies below the paths')
    .action(
      run(async ({ output, clock }, paths: readonly string[], options: { readonly alone?: true }) => {
        const withBundled = options.alone !== true || paths.length === 0
        const { catalogue, layers, warnings } = await loadLayers(paths, { withBundled })
        const own = paths.length === 0 ? (await readLayer(bundledCataloguePath, nothingBelow)).warnings : warnings
        const { counts, oddities: all } = inspectCatalogue(catalogue, clock.now())
        // What is odd in the bundled list is nobody's news who has written another file.
        const known =
          paths.length > 0 && withBundled ? inspectCatalogue(await loadCatalogue(), clock.now()).oddities : []
        const oddities = all.filter((text) => !known.includes(text))
        const { version, hash } = catalogue
        const result = { version, hash, layers: layers.map(({ id }) => id), ...counts, warnings: own, oddities }
        output.result(result, () => renderVerification(result, output.style))
        return exitCodes.ok
      }),
    )
}
