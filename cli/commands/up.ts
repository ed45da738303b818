// `cloudless up`: a local cluster in the foreground until Ctrl-C, or with --detach in the background until `down`.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve as absolute } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import {
  defaultPlacement,
  placementNames,
  type PlacementName,
} from '#physical-plane/gpu-sharing/placement/placement-names.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import type { Context, Run } from '../context.ts'
import { fetchedFolder } from '../fetched-layers.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { refuseSecond, startCluster } from '../local-cluster/cluster.ts'
import { readClusterState } from '../local-cluster/state-file.ts'
import { findPython } from '../python-environment.ts'
import { localClusterFolder } from '../server-address.ts'
import { collect } from './catalog/show.ts'

type Options = {
  readonly regions: readonly string[]
  readonly cpuUnits: number
  readonly linkScale: number
  readonly placement: PlacementName
  readonly catalogue: readonly string[]
  readonly detach?: true
}

export const defaultRegions = ['onprem/lab', 'aws/us-east-1', 'tencent/ap-shanghai'] as const

export function upCommand(run: Run): Command {
  return new Command('up')
    .description('run a local cluster: a control plane, an agent per region, shaped links')
    .option('--regions <names>', 'regions, separated by commas', regionList, [...defaultRegions])
    .option('--cpu-units <n>', 'CPU units that each region offers', wholeNumber, availableParallelism())
    .option('--link-scale <x>', 'makes links x times faster than the link table', positiveNumber, 1)
    .addOption(
      new Option('--placement <name>', 'which GPU a share is on')
        .choices([...placementNames])
        .default(defaultPlacement),
    )
    .option('--catalogue <path>', 'a folder or YAML file over the bundled catalogue; may be repeated', collect, [])
    .option('--detach', 'return once it runs; `cloudless down` stops it')
    .action(
      run(async (context, given: Options) => {
        const options = { ...given, catalogue: await checkedPaths(given.catalogue) }
        return options.detach === true ? await detach(context, options) : await serve(context, options)
      }),
    )
}

async function serve(context: Context, options: Options): Promise<ExitCode> {
  const { clock, environment, home, output, signal } = context
  const note = (text: string): void => output.note(text)
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const folder = localClusterFolder(home)
  const { regions, cpuUnits, linkScale, placement } = options
  const cluster = await startCluster({
    folder,
    regions,
    cpuUnits,
    linkScale,
    agentFlags: Object.fromEntries(regions.map((region) => [region, { '--placement': placement }])),
    catalogues: options.catalogue,
    fetchedFolder: fetchedFolder(home),
    python,
    environment,
    clock,
    signal,
    note,
  })
  output.result({ address: cluster.address, regions }, () => `${cluster.address}  (Ctrl-C stops it)`)
  try {
    const interrupted = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true })
      if (signal.aborted) resolve(null)
    })
    const failure = await Promise.race([cluster.failed, interrupted])
    if (failure !== null) throw new CloudlessError('unavailable', 'CLUSTER_FAILED', failure)
    note('stopping')
    // Being told to stop is how a foreground cluster ends well.
    return exitCodes.ok
  } finally {
    await cluster.stop()
  }
}

/** Starts `up` once more without a terminal, and waits until its state file says that it serves. */
async function detach(context: Context, options: Options): Promise<ExitCode> {
  const { clock, environment, home, output, signal } = context
  const note = (text: string): void => output.note(text)
  // Here and not in the background, where nobody would see what takes so long.
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const folder = localClusterFolder(home)
  refuseSecond(folder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const logPath = join(folder, 'up.log')
  const log = openSync(logPath, 'w', 0o600)
  const given: Readonly<Record<string, string>> = {
    '--regions': options.regions.join(','),
    '--cpu-units': String(options.cpuUnits),
    '--link-scale': String(options.linkScale),
    '--placement': options.placement,
  }
  const program = join(import.meta.dirname, '../main.ts')
  const paths = options.catalogue.flatMap((path) => ['--catalogue', path])
  const child = spawn(process.execPath, [program, 'up', ...Object.entries(given).flat(), ...paths], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...environment, CLOUDLESS_PYTHON: python },
  })
  closeSync(log)
  let ending: number | null = null
  child.on('exit', (code) => {
    ending = code ?? 1
  })
  const untilMs = clock.monotonicMs() + waits.processReadyMs * 2
  for (;;) {
    const state = readClusterState(folder)
    if (state !== null && state.owner.pid === child.pid && state.address !== '') {
      child.unref()
      output.result({ address: state.address, regions: state.regions }, () => state.address)
      return exitCodes.ok
    }
    if (ending !== null || signal.aborted || clock.monotonicMs() > untilMs) {
      if (ending === null) child.kill('SIGTERM')
      const why = signal.aborted
        ? 'interrupted'
        : ending === null
          ? 'it took too long'
          : readFileSync(logPath, 'utf8').trim()
      child.unref()
      throw new CloudlessError(
        signal.aborted ? 'cancelled' : 'unavailable',
        'START_FAILED',
        `the local cluster did not start: ${why}`,
      )
    }
    await clock.sleep(waits.pollMs, signal)
  }
}

/** Wrong ones are refused here, before anything is started. */
async function checkedPaths(given: readonly string[]): Promise<readonly string[]> {
  const paths = given.map((path) => absolute(path))
  if (paths.length > 0) await loadLayers(paths)
  return paths
}

function regionList(text: string): string[] {
  const regions = text.split(',').map((name) => name.trim())
  const wrong = regions.find((name) => !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not a region; write provider/place.`)
  const twice = regions.find((name, index) => regions.indexOf(name) !== index)
  if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is named twice.`)
  if (regions.length > 200) throw new InvalidArgumentError(`${regions.length} regions are more than 200.`)
  return regions
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to 9999.`)
  return Number(text)
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1e6))
    throw new InvalidArgumentError(`"${text}" is not a number above 0.`)
  return value
}
