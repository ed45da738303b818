// `cloudless links`: rate, round trip and price between regions.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderLinks } from '../render/regions.ts'

export function linksCommand(run: Run): Command {
  return new Command('links')
    .description('list the links between regions')
    .option('--from <region>', 'only links that begin here', '')
    .action(
      run(async (context, options: { readonly from: string }) => {
        using services = connect(context)
        const answer = await services.regions.listLinks({ fromRegion: options.from }, { signal: context.signal })
        context.output.result(answer, () => renderLinks(answer.links, context.output.style))
        return exitCodes.ok
      }),
    )
}
