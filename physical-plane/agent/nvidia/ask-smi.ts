// Asks nvidia-smi what GPUs this machine has: none where there is no nvidia-smi, and a reason where it fails.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '#runtime/errors.ts'
import { parseMigNames, parseSmiLog, type MigNames, type SmiLog } from './smi-log.ts'
import { xmlLimits } from './xml.ts'

export type SmiAnswer =
  | { readonly kind: 'answered'; readonly log: SmiLog; readonly migNames: MigNames }
  /** There is no such program: there will be no GPUs. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string }

const timeoutMs = 10_000

export async function askSmi(environment: NodeJS.ProcessEnv): Promise<SmiAnswer> {
  try {
    const log = parseSmiLog(await run(['-q', '-x'], environment))
    const hasMig = log.gpus.some(({ isMigEnabled }) => isMigEnabled)
    return { kind: 'answered', log, migNames: hasMig ? parseMigNames(await run(['-L'], environment)) : new Map() }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'absent' }
    return { kind: 'failed', why: messageOf(error).trim() }
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const options = { timeout: timeoutMs, maxBuffer: xmlLimits.charactersMax, env, killSignal: 'SIGKILL' as const }
  const { stdout } = await promisify(execFile)('nvidia-smi', [...args], options)
  return stdout
}
