// `npm run bench -- NAME [--json]` runs bench/NAME.ts. Notes go to standard error; with --json the last line of standard
// output is one JSON object. Without a name it lists what there is. A benchmark that exports `takesArguments` is given
// what else stands on the command line.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Bench, BenchResult } from './bench.ts'

type BenchFile = { readonly run: Bench; readonly takesArguments?: boolean }

const usageError = 2
const notBenches = ['run.ts', 'bench.ts']

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const names = benchNames()
  const [name, ...given] = args.filter((argument) => argument !== '--json')
  if (name === undefined) {
    console.log(names.join('\n'))
    return 0
  }
  if (!names.includes(name)) return fail(`no benchmark "${name}"; there is ${names.join(', ')}`, usageError)
  try {
    const { run, takesArguments = false } = (await import(`./${name}.ts`)) as BenchFile
    if (given.length > 0 && !takesArguments) {
      return fail(`${name} takes only --json, not "${given.join(' ')}"`, usageError)
    }
    const result = await run({ clock: systemClock(), args: given, note: (text) => console.error(text) })
    if (args.includes('--json')) console.log(JSON.stringify(result))
    else print(result)
    return 0
  } catch (error) {
    return fail(`${name} failed: ${messageOf(error)}`, 1)
  }
}

/** A benchmark is a file at the top of this folder; what several of them share lies in folders below. */
function benchNames(): string[] {
  return readdirSync(join(import.meta.dirname))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !notBenches.includes(file))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort()
}

function print(result: BenchResult): void {
  for (const [key, value] of Object.entries(result)) {
    console.error(`${key.padEnd(28)} ${typeof value === 'number' ? Number(value.toPrecision(4)) : String(value)}`)
  }
}

function fail(text: string, code: number): number {
  console.error(`bench: ${text}`)
  return code
}
