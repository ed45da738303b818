// The images of the demo, one shard per region: Fashion-MNIST, or scikit-learn's handwritten digits where that is not to
// be had. On Debian, as root, the package is installed the ordinary way; the example's own prepare.py knows the other
// ways. Prepared shards are kept under CLOUDLESS_HOME/data.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CloudlessError } from '#runtime/errors.ts'
import type { Context } from '../context.ts'
import { withFileLock } from '../file-lock.ts'
import { runChild, type ChildResult } from '../run-child.ts'

export type DataOptions = {
  readonly dataset: 'auto' | 'fashion-mnist' | 'digits'
  /** Share of each region: [3, 2, 1]. */
  readonly split: readonly number[]
  /** Only the first so many training images; null for all. */
  readonly samples: number | null
}

const preparedSchema = z.object({
  dataset: z.string(),
  shards: z.array(z.object({ path: z.string(), samples: z.int() })),
  holdout: z.object({ path: z.string(), samples: z.int() }),
})

/** What prepare.py says it made. */
export type PreparedData = z.infer<typeof preparedSchema>

type Setting = Pick<Context, 'environment' | 'home' | 'signal' | 'output' | 'clock'>

const debianPackage = 'dataset-fashion-mnist'
const debianFolder = '/usr/share/datasets/fashion-mnist'
export const exampleFolder = join(import.meta.dirname, '../../examples/fashion-mnist')

export async function prepareData(context: Setting, python: string, options: DataOptions): Promise<PreparedData> {
  const script = join(exampleFolder, 'prepare.py')
  const version = createHash('sha256').update(JSON.stringify(options)).update(readFileSync(script)).digest('hex')
  const folder = join(context.home, 'data', `demo-${version.slice(0, 12)}`)
  const lock = {
    ...context,
    onWait: () => context.output.note('another cloudless is preparing the images; waiting for it'),
  }
  return withFileLock(`${folder}.lock`, lock, async () => {
    const earlier = readPrepared(folder)
    if (earlier !== null) return earlier
    if (options.dataset !== 'digits') await installPackage(context)
    const prepared = await prepare(context, python, script, folder, options)
    const next = join(folder, 'prepared.json.new')
    writeFileSync(next, JSON.stringify(prepared))
    renameSync(next, join(folder, 'prepared.json'))
    return prepared
  })
}

function readPrepared(folder: string): PreparedData | null {
  try {
    const prepared = preparedSchema.parse(JSON.parse(readFileSync(join(folder, 'prepared.json'), 'utf8')))
    return [...prepared.shards, prepared.holdout].every(({ path }) => existsSync(path)) ? prepared : null
  } catch {
    return null
  }
}

/** As root on Debian. Failing is no failure: prepare.py has other ways. */
async function installPackage(context: Setting): Promise<void> {
  const { output } = context
  if (existsSync(debianFolder) || process.getuid?.() !== 0 || !(await succeeds('apt-get', ['--version'], context)))
    return
  const install = (): Promise<boolean> =>
    succeeds('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], context)
  output.note(`installing Debian's package ${debianPackage} (60,000 images, 31 MB)`)
  if (await install()) return
  output.note('refreshing the package lists (apt-get update)')
  if (!(await succeeds('apt-get', ['update'], context)) || !(await install())) {
    output.note(`the package ${debianPackage} cannot be installed here; looking elsewhere`)
  }
}

async function prepare(
  context: Setting,
  python: string,
  script: string,
  folder: string,
  options: DataOptions,
): Promise<PreparedData> {
  mkdirSync(folder, { recursive: true })
  const run = (dataset: DataOptions['dataset']): Promise<ChildResult> => {
    const args = ['--out', folder, '--split', options.split.join(':'), '--dataset', dataset]
    const samples = options.samples === null ? [] : ['--samples', String(options.samples)]
    const onLine = (line: string): void => {
      if (!line.startsWith('{')) context.output.note(line.replace(/^prepare: /, '  '))
    }
    return runChild(python, [script, ...args, ...samples], { ...context, onLine })
  }
  let result = options.dataset === 'digits' && (await hasDigits(context, python)) ? await run('digits') : null
  if (options.dataset !== 'digits') result = await run(options.dataset)
  if (result?.status !== 0 && options.dataset !== 'fashion-mnist') {
    await installDigits(context, python)
    result = await run('digits')
  }
  if (result?.status === 0) {
    const parsed = preparedSchema.safeParse(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? 'null'))
    if (parsed.success) return parsed.data
  }
  const why = result?.tail.trim().split('\n').at(-1) ?? ''
  throw new CloudlessError('unavailable', 'NO_DATA', `the demo's images could not be prepared: ${why}`)
}

function hasDigits(context: Setting, python: string): Promise<boolean> {
  return succeeds(python, ['-c', 'import sklearn.datasets'], context)
}

async function installDigits(context: Setting, python: string): Promise<void> {
  if (await hasDigits(context, python)) return
  context.output.note('installing scikit-learn for its handwritten digits')
  await succeeds(python, ['-m', 'pip', 'install', '--quiet', '--progress-bar', 'off', 'scikit-learn'], context)
}

async function succeeds(command: string, args: readonly string[], { environment, signal }: Setting): Promise<boolean> {
  const quiet = { ...environment, DEBIAN_FRONTEND: 'noninteractive', PIP_RETRIES: '0' }
  return (await runChild(command, args, { environment: quiet, signal })).status === 0
}
