// `cloudless regions`: where training can run, which agents are there, what is free at which price.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderRegions } from '../render/regions.ts'

export function regionsCommand(run: Run): Command {
  return new Command('regions').description('list regions, their agents and what they offer').action(
    run(async (context) => {
      using services = connect(context)
      const answer = await services.regions.listRegions({}, { signal: context.signal })
      context.output.result(answer, () => renderRegions(answer.regions, context.output.style, context.clock.now()))
      return exitCodes.ok
    }),
  )
}
