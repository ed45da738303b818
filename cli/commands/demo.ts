// `cloudless demo`: one model, three regions, one command.
import { Command, InvalidArgumentError, Option } from 'commander'
import { strategies } from '#proto/sync/strategies.ts'
import type { Run } from '../context.ts'
import { renderResult } from '../demo/result.ts'
import { runDemo } from '../demo/run-demo.ts'
import { exitCodes } from '../exit-codes.ts'
import { defaultRegions } from './up.ts'

type Options = {
  readonly strategy?: string
  readonly dataset: 'auto' | 'fashion-mnist' | 'digits'
  readonly samples?: number
  readonly epochs?: number
  readonly linkScale: number
}

export function demoCommand(run: Run): Command {
  return new Command('demo')
    .description('train an image model over three regions on this computer, and say what it cost')
    .addOption(new Option('--strategy <name>', 'synchronisation').choices([...strategies.keys()]))
    .addOption(new Option('--dataset <name>', 'images').choices(['auto', 'fashion-mnist', 'digits']).default('auto'))
    .option('--samples <n>', 'only so many training images', wholeNumber)
    .option('--epochs <n>', 'exactly so many epochs, instead of up to the target accuracy', wholeNumber)
    .option('--link-scale <x>', 'makes links x times faster than the link table', positiveNumber, 1)
    .action(
      run(async (context, options: Options) => {
        const result = await runDemo(context, {
          regions: defaultRegions,
          strategy: options.strategy ?? null,
          cpuUnits: 3,
          linkScale: options.linkScale,
          epochs: options.epochs ?? null,
          dataset: options.dataset,
          samples: options.samples ?? null,
        })
        context.output.result(result, () => `\n${renderResult(result, context.output.style)}`)
        return exitCodes.ok
      }),
    )
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number above 0.`)
  return Number(text)
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1e6))
    throw new InvalidArgumentError(`"${text}" is not a number above 0.`)
  return value
}
