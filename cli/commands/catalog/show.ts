// `cloudless catalog show [REGION]`: regions with what they sell, one region's prices and links, every link, or the devices.
import { Command } from 'commander'
import type { Catalogue } from '#regions/catalogue.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { nearestNames } from '#runtime/nearest-names.ts'
import { findCatalogue, type FoundCatalogue } from '../../catalogue-source.ts'
import type { Context, Run } from '../../context.ts'
import { exitCodes, type ExitCode } from '../../exit-codes.ts'
import { ageText, agesOf, fetchedLayers, type LayerAge } from '../../fetched-layers.ts'
import { renderMachines } from '../../render/catalog/machines.ts'
import { renderDevices, renderHead, renderLinks, renderRegion, renderRegions } from '../../render/catalog/show.ts'
import { renderSources } from '../../render/catalog/sources.ts'
import { devicesOf, headOf, linksOf, machinesIn, regionOf, regionsOf } from '../../render/catalog/views.ts'

type Options = {
  readonly links?: true
  readonly devices?: true
  readonly machines?: true
  readonly sources?: true
  readonly catalogue: readonly string[]
  readonly at?: string
}

export function catalogShowCommand(run: Run): Command {
  return new Command('show')
    .description('show a catalogue: its regions, one region, its links or its devices')
    .argument('[region]', 'for example aws/us-east-1')
    .option('--links', 'every link, or those of the region')
    .option('--devices', 'device models, where they are and what they cost')
    .option('--machines', 'instance types: their devices, size and zones, of all clouds or where the region is')
    .option('--sources', 'where the figures are from, under which licence, and what is assumed')
    .option('--catalogue <path>', 'a folder or YAML file over the bundled catalogue; may be repeated', collect, [])
    .option('--at <hash|version>', 'one that the control plane keeps; --server alone shows the one in force there')
    .action(
      run(async (context, region: string | undefined, options: Options) => {
        checkOptions(context, options)
        if (options.sources === true) return await showSources(context, options)
        if (options.machines === true) return await showMachines(context, region ?? null, options)
        const { catalogue, warnings, ages } = await sourceOf(context, options)
        for (const warning of warnings) context.output.warn(warning)
        show(context, catalogue, region ?? null, options, ages)
        return exitCodes.ok
      }),
    )
}

type Source = FoundCatalogue & { readonly ages: readonly LayerAge[] }

async function sourceOf(context: Context, { catalogue, at }: Options): Promise<Source> {
  const isKept = at !== undefined || context.server !== null
  if (isKept && catalogue.length > 0)
    throw invalid([{ field: '--catalogue', description: 'lies on this computer; leave out --server and --at' }])
  if (isKept) return { ...(await findCatalogue(context, `@${at ?? ''}`)), ages: [] }
  const fetched = await fetchedLayers(context)
  return { ...(await loadLayers(catalogue, { fetched: fetched.layers })), ages: agesOf(fetched, context.clock.now()) }
}

/** What is left, such as the names of sources, only files know. */
function checkOptions(context: Context, { links, devices, machines, sources, at }: Options): void {
  const views = Object.entries({ links, devices, machines, sources }).filter(([, isAsked]) => isAsked === true)
  if (views.length > 1)
    throw invalid([{ field: `--${views[1]![0]}`, description: `goes without --${views[0]![0]}; give one of them` }])
  const isOfFiles = machines === true || sources === true
  if (isOfFiles && (at !== undefined || context.server !== null))
    throw invalid([
      { field: `--${views[0]![0]}`, description: 'is known of files on this computer; leave out --server and --at' },
    ])
}

async function showMachines(context: Context, region: string | null, { catalogue }: Options): Promise<ExitCode> {
  const found = await loadLayers(catalogue)
  if (region !== null) checkRegion(found.catalogue, region)
  const machines = machinesIn(found.machines, region)
  context.output.result({ machines }, () => renderMachines(machines, context.output.style))
  return exitCodes.ok
}

async function showSources(context: Context, { catalogue }: Options): Promise<ExitCode> {
  const { sources } = await loadLayers(catalogue)
  context.output.result({ sources }, () => renderSources(sources, context.output.style))
  return exitCodes.ok
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

function show(
  { output }: Context,
  catalogue: Catalogue,
  region: string | null,
  options: Options,
  fetched: readonly LayerAge[],
): void {
  if (region !== null) checkRegion(catalogue, region)
  const head = headOf(catalogue)
  const { style } = output
  const print = (value: object, text: () => string): void =>
    output.result({ ...head, fetched, ...value }, () => {
      const ages = fetched.length === 0 ? '' : `\nfetched from clouds: ${ageText(fetched)}`
      return `${renderHead(head, style)}${ages}\n\n${text()}`
    })
  if (options.links === true) {
    const links = linksOf(catalogue, region)
    print({ links }, () => renderLinks(links, style))
  } else if (options.devices === true) {
    const devices = devicesOf(catalogue, region)
    print({ devices }, () => renderDevices(devices, style))
  } else if (region === null) {
    const regions = regionsOf(catalogue)
    print({ regions }, () => renderRegions(regions, style))
  } else {
    const one = regionOf(catalogue, region)
    print({ region: one }, () => renderRegion(one, style))
  }
}

function checkRegion({ regions }: Catalogue, name: string): void {
  if (regions.some((region) => region.name === name)) return
  const names = regions.map((region) => region.name)
  const near = nearestNames(name, names)
  const fix = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
  throw new CloudlessError('not-found', 'NO_SUCH_REGION', `region ${name} is not in the catalogue${fix}`)
}
