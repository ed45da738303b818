// `cloudless catalog refresh`: asks clouds what they sell now and at what price, keeps the answer, and tells what changed. A cloud that
// does not answer leaves what was kept before.
import { Command, Option } from 'commander'
import { adapterIds, type AdapterId, type FetchedLayer, type RefreshProgress } from '#regions/adapter.ts'
import { diffCatalogues, type CatalogueDiff } from '#regions/diff-catalogues.ts'
import { keepLayers, layersOf, type FetchedLayers } from '#regions/fetched/fetched-layers.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { invalid } from '#runtime/errors.ts'
import type { Context, Run } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { fetchedFolder, fetchedLayers } from '../../fetched-layers.ts'
import { renderDiff } from '../../render/catalog/diff.ts'
import { collect } from './show.ts'

type Options = {
  readonly provider: AdapterId
  readonly region: readonly string[]
  readonly dryRun?: true
  readonly all?: true
}

type KeptLayers = FetchedLayers['layers']

export function catalogRefreshCommand(run: Run): Command {
  return new Command('refresh')
    .description('ask a cloud for its machines and prices, and keep them for plans')
    .addOption(new Option('--provider <cloud>', 'which cloud').choices([...adapterIds]).makeOptionMandatory())
    .option('--region <name>', 'only this one, for example aws/us-east-1; may be repeated', collect, [])
    .option('--dry-run', 'tell what would change, and keep nothing')
    .option('--all', 'every row that changed, not only the greatest changes')
    .addHelpText('after', credentialsHelp)
    .action(
      run(async (context, options: Options) => {
        const { provider, region, dryRun } = options
        checkRegions(provider, region)
        const before = await fetchedLayers(context)
        const fetched = await fetch(context, options)
        const layers = layersOf(provider, fetched, region.length === 0)
        const files = dryRun === true ? [] : await keepLayers(fetchedFolder(context.home), layers)
        const result = {
          provider,
          fetchedAtMs: fetched.fetchedAtMs,
          dryRun: dryRun === true,
          files,
          regions: fetched.regions.map(({ name, prices }) => ({ name, prices: prices.length })),
          changes: await changesOf(before.layers, layers),
        }
        context.output.result(result, () => render(context, result, options))
        return exitCodes.ok
      }),
    )
}

const credentialsHelp = `
Credentials are looked up as each cloud's own SDK does: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
~/.aws, single sign-on or the machine's role; TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY,
~/.tencentcloud/credentials or the machine's role. Reading prices takes ec2:Describe*, ec2:GetSpotPlacementScores and
pricing:GetProducts; on Tencent Cloud cvm:Describe*. Accounts of its international site set CLOUDLESS_TENCENT_SITE.`

function checkRegions(provider: AdapterId, regions: readonly string[]): void {
  const other = regions.find((name) => name.includes('/') && !name.startsWith(`${provider}/`))
  if (other === undefined) return
  throw invalid([{ field: '--region', description: `${other} is not of ${provider}; name regions of one cloud` }])
}

async function fetch(context: Context, { provider, region }: Options): Promise<FetchedLayer> {
  const { output, signal } = context
  // SDKs take half a second to load, which other commands need not wait for.
  const { openAdapter } = await import('#regions/open-adapter.ts')
  // Rates that an operator has set count for what a cloud asks in another currency.
  const { catalogue } = await loadLayers([], { fetched: (await fetchedLayers(context)).layers })
  const adapter = openAdapter(provider, context)
  output.note(`asking ${provider} for its regions, machines and prices`)
  const bars: ReturnType<typeof output.progress>[] = []
  const onProgress = ({ regionsDone, regionsTotal, text }: RefreshProgress): void => {
    // How many regions there are is known with the first of them.
    if (bars.length === 0)
      bars.push(output.progress(`asking ${provider}`, regionsTotal, (done) => `${done} of ${regionsTotal} regions`))
    bars[0]!.update(regionsDone, text)
  }
  try {
    return await adapter.refresh({ regions: region, instanceTypes: [], usdPer: catalogue.usdPer, signal, onProgress })
  } finally {
    for (const bar of bars) bar.stop()
    adapter.close()
  }
}

async function changesOf(before: KeptLayers, fetched: KeptLayers): Promise<CatalogueDiff> {
  const ids = new Set(fetched.map(({ id }) => id))
  const after = [...before.filter(({ id }) => !ids.has(id)), ...fetched]
  const was = (await loadLayers([], { fetched: before })).catalogue
  return diffCatalogues(was, (await loadLayers([], { fetched: after })).catalogue)
}

type Result = {
  readonly provider: AdapterId
  readonly files: readonly string[]
  readonly regions: readonly { readonly name: string; readonly prices: number }[]
  readonly changes: CatalogueDiff
}

function render({ output }: Context, { provider, files, regions, changes }: Result, options: Options): string {
  const prices = regions.reduce((sum, region) => sum + region.prices, 0)
  const where = options.dryRun === true ? 'nothing was kept (--dry-run)' : `kept in ${files.join(', ')}`
  const head = `${provider}: ${prices} prices of ${regions.length} ${regions.length === 1 ? 'region' : 'regions'}; ${where}`
  return `${head}\n\n${renderDiff(changes, output.style, options.all === true)}`
}
