// The process of a replay, which `cloudless simulate --serving` starts: a scenario as JSON in, lines of JSON out. Each says how far it
// is, and the last one holds the report. Exit codes: 0 with a report, 1 without, 2 for a wrong command line.
import { readFileSync } from 'node:fs'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { ServingScenario } from './replay-report.ts'
import { runScenario } from './run-scenario.ts'

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const [path, ...more] = process.argv.slice(2)
if (path === undefined || more.length > 0) {
  process.stderr.write('usage: node physical-plane/serving/replay/main.ts SCENARIO.json\n')
  process.exitCode = 2
} else {
  try {
    const scenario = JSON.parse(readFileSync(path, 'utf8')) as ServingScenario
    const report = runScenario(scenario, (policy, done, of) => print({ progress: { policy, done, of } }))
    print({ report })
  } catch (error) {
    if (error instanceof CloudlessError) {
      const { kind, reason, message, violations } = error
      print({ error: { kind, reason, message, violations } })
    } else process.stderr.write(`replay: ${(error as Error).stack ?? messageOf(error)}\n`)
    process.exitCode = 1
  }
}
