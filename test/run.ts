// `npm test`: the static checks, the TypeScript tests and the Python tests, one after another, and the sum of their
// counts as the last line. `npm test -- --quick` leaves out simulations and what starts real processes.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pythonForTests } from './python-for-tests.ts'

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number }

const root = join(import.meta.dirname, '..')
const isQuick = process.argv.includes('--quick')
const scratch = mkdtempSync(join(tmpdir(), 'cloudless-test-'))

try {
  if (spawnSync('cc', ['--version']).status !== 0) {
    console.log('> cc: there is none on PATH; what needs the interposer or the fake GPU is skipped')
  }
  const python = await pythonForTests()
  const env = { ...process.env, ...(python === null ? {} : { CLOUDLESS_PYTHON: python }) }
  const counts = sum([
    runChecks(),
    runVitest('unit', env),
    ...(isQuick ? [] : [runVitest('simulation', env), runVitest('integration', env)]),
    python === null ? { passed: 0, failed: 1, skipped: 0 } : runPytest(python, env),
  ])
  console.log(
    `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
  )
  process.exitCode = counts.failed === 0 ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** The whole of `npm run check` counts as one test. */
function runChecks(): Counts {
  const status = spawnSync(process.execPath, ['test/check.ts'], { cwd: root, stdio: 'inherit' }).status
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

function runVitest(project: string, env: NodeJS.ProcessEnv): Counts {
  console.log(`\n> vitest: ${project}`)
  const report = join(scratch, `${project}.json`)
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = spawnSync(join(root, 'node_modules/.bin/vitest'), args, { cwd: root, stdio: 'inherit', env }).status
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>
    // A suite that fails to load has no failed test; a non-zero exit must never read as success.
    const failed = Math.max(
      numFailedTests ?? 0,
      numFailedTestSuites === 0 || numFailedTests ? 0 : 1,
      status === 0 ? 0 : 1,
    )
    return { passed: numPassedTests ?? 0, failed, skipped: numPendingTests ?? 0 }
  } catch (error) {
    console.error(`vitest (${project}) left no report: ${String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function runPytest(python: string, env: NodeJS.ProcessEnv): Counts {
  console.log('\n> pytest')
  const report = join(scratch, 'pytest.xml')
  const args = [
    '-m',
    'pytest',
    '-q',
    '-p',
    'no:cacheprovider',
    `--junitxml=${report}`,
    'physical-plane/worker',
    'examples',
    'bench',
  ]
  const status = spawnSync(python, args, { cwd: root, stdio: 'inherit', env }).status
  try {
    const xml = readFileSync(report, 'utf8')
    const number = (name: string): number =>
      Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0)
    const bad = number('failures') + number('errors')
    const skipped = number('skipped')
    return { passed: number('tests') - bad - skipped, failed: Math.max(bad, status === 0 ? 0 : 1), skipped }
  } catch (error) {
    console.error(`pytest left no report: ${String(error)}`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

function sum(all: readonly Counts[]): Counts {
  return all.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }))
}
