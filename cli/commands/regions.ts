// `cloudless regions`: where training can run, which agents are there, what is free at which price.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderRegions } from '../render/regions.ts'

export function regionsCommand(run: Run): Command {
  return new Command('regions')
    .description('list regions, their agents and what they offer')
    .option('--all', 'those of the catalogue without an agent too')
    .action(
      run(async (context, { all }: { readonly all?: true }) => {
        const { output, clock, signal } = context
        using services = connect(context)
        const answer = await services.regions.listRegions({}, { signal })
        output.result(answer, () => renderRegions(answer, { isAll: all === true }, output.style, clock.now()))
        return exitCodes.ok
      }),
    )
}
