// `cloudless catalog list`: the catalogue in force at the control plane, and those that plans were made with.
import { Command } from 'commander'
import type { Run } from '../../context.ts'
import { connect } from '../../context.ts'
import { limits } from '../../config.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderCatalogues } from '../../render/catalog/list.ts'

export function catalogListCommand(run: Run): Command {
  return new Command('list').description('list the catalogues that the control plane keeps').action(
    run(async (context) => {
      using services = connect(context)
      const request = { pageSize: limits.pageSize }
      const answer = await services.catalogs.listCatalogs(request, { signal: context.signal })
      context.output.result(answer, () => renderCatalogues(answer.catalogs, context.output.style))
      if (answer.nextPageToken !== '') context.output.note(`older ones than these ${limits.pageSize} are not shown`)
      return exitCodes.ok
    }),
  )
}
