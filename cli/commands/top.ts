// `cloudless top`: GPUs and what instances make of them, redrawn every second.
import { Command } from 'commander'
import type { Context, Run } from '../context.ts'
import { connect } from '../context.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { openLiveDevices } from '../live-devices.ts'
import { renderDevices } from '../render/devices.ts'
import { askForDevices, watchDevices, type Asking } from '../watch-devices.ts'

type Options = { readonly region?: readonly string[]; readonly once?: true }

export function topCommand(run: Run): Command {
  return new Command('top')
    .description('show GPUs and what instances make of them: shares, quotas, latency, memory, bubbles; every second')
    .option('--region <region...>', 'only these')
    .option('--once', 'as it is now, and end; so it is too where nobody watches a terminal')
    .addHelpText('after', '\nWith --json one object a second; with --once a single one.')
    .action(
      run(async (context, options: Options) => {
        using services = connect(context)
        const asking = { regions: services.regions, names: options.region ?? [], signal: context.signal }
        const isOnce = options.once === true || (!context.output.isLive && !context.output.isJson)
        return isOnce ? await showOnce(context, asking) : await showLive(context, asking)
      }),
    )
}

async function showOnce({ output, clock }: Context, asking: Asking): Promise<ExitCode> {
  const now = await askForDevices(asking)
  output.result({ devices: now.devices }, () => renderDevices(now, output.style, clock.now()))
  return exitCodes.ok
}

async function showLive({ output, clock, signal }: Context, asking: Asking): Promise<ExitCode> {
  const view = output.isLive ? openLiveDevices(output, clock) : null
  const onAway = (why: string): void => {
    if (view === null) output.note(`${why}; asking again`)
    else view.setAway(true)
  }
  try {
    for await (const now of watchDevices({ ...asking, clock, onAway, onBack: () => view?.setAway(false) })) {
      if (view === null) output.result({ devices: now.devices }, () => '')
      else view.show(now)
    }
  } finally {
    view?.end()
  }
  return signal.aborted ? exitCodes.interrupted : exitCodes.ok
}
