// `cloudless catalog`: the prices, links and regions that plans are made with.
import { Command } from 'commander'
import type { Run } from '../context.ts'
import { catalogDatasetCommand } from './catalog/dataset.ts'
import { catalogDiffCommand } from './catalog/diff.ts'
import { catalogListCommand } from './catalog/list.ts'
import { catalogRefreshCommand } from './catalog/refresh.ts'
import { catalogShowCommand } from './catalog/show.ts'
import { catalogVerifyCommand } from './catalog/verify.ts'

export function catalogCommand(run: Run): Command {
  const commands = [
    catalogShowCommand(run),
    catalogDiffCommand(run),
    catalogVerifyCommand(run),
    catalogListCommand(run),
    catalogRefreshCommand(run),
    catalogDatasetCommand(run),
  ]
  const catalog = new Command('catalog').description('prices, links and regions that plans are made with')
  for (const command of commands) catalog.addCommand(command)
  return catalog
}
