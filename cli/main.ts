// The command line as a process: real clock, chance, streams and signals around `runProgram`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#runtime/clock.ts'
import { systemRandom } from '#runtime/random.ts'
import { exitCodes } from './exit-codes.ts'
import { runProgram } from './program.ts'

export async function main(): Promise<void> {
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second time a person means it.
      if (interrupt.signal.aborted && signal === 'SIGINT') process.exit(exitCodes.interrupted)
      interrupt.abort()
    })
  }
  // `cloudless jobs | head` closes our output early; that is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    interrupt.abort()
  })
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
    version: string
  }
  process.exitCode = await runProgram({
    arguments: process.argv.slice(2),
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    clock: systemClock(),
    random: systemRandom(),
    signal: interrupt.signal,
    version,
  })
}

if (import.meta.main) await main()
