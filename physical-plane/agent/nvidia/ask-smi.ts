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

/** `of`: arguments that choose GPUs; all of them without. */
export async function askSmi(environment: NodeJS.ProcessEnv, of: readonly string[] = []): Promise<SmiAnswer> {
  try {
    const log = parseSmiLog(await run(['-q', '-x', ...of], environment))
    const hasMig = log.gpus.some(({ isMigEnabled }) => isMigEnabled)
    return { kind: 'answered', log, migNames: hasMig ? parseMigNames(await run(['-L'], environment)) : new Map() }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'absent' }
    return { kind: 'failed', why: messageOf(error).trim() }
  }
}

/**
 * Asks again and again. Where one GPU is lost nvidia-smi may fail for all of them: then each that was there before is asked for
 * by itself, and those that answer are there.
 */
export function smiAsker(environment: NodeJS.ProcessEnv): () => Promise<SmiAnswer> {
  let known: readonly string[] = []
  return async () => {
    const answer = await askSmi(environment)
    if (answer.kind === 'answered') known = answer.log.gpus.map(({ uuid }) => uuid)
    if (answer.kind !== 'failed' || known.length < 2) return answer
    const each = await Promise.all(known.map((uuid) => askSmi(environment, ['-i', uuid])))
    const heard = each.filter((one) => one.kind === 'answered')
    const [first] = heard
    if (first === undefined) return answer
    const gpus = heard.flatMap(({ log }) => log.gpus)
    const migNames = new Map(heard.flatMap((one) => [...one.migNames]))
    return { kind: 'answered', log: { ...first.log, gpus }, migNames }
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const options = { timeout: timeoutMs, maxBuffer: xmlLimits.charactersMax, env, killSignal: 'SIGKILL' as const }
  const { stdout } = await promisify(execFile)('nvidia-smi', [...args], options)
  return stdout
}
