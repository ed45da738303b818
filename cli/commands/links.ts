// `cloudless links`: rate, round trip and price between regions.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderLinks, shownLinks } from '../render/regions.ts'

export function linksCommand(run: Run): Command {
  return new Command('links')
    .description('list the links between regions')
    .option('--from <region>', 'only links that begin here', '')
    .option('--all', 'those of regions without an agent too, however many they are')
    .action(
      run(async (context, { from, all }: { readonly from: string; readonly all?: true }) => {
        const { output, signal } = context
        using services = connect(context)
        const [answer, { regions }] = await Promise.all([
          services.regions.listLinks({ fromRegion: from }, { signal }),
          services.regions.listRegions({}, { signal }),
        ])
        const shown = shownLinks(answer.links, regions, all === true)
        output.result(answer, () => renderLinks(shown, answer.links.length - shown.length, output.style))
        return exitCodes.ok
      }),
    )
}
