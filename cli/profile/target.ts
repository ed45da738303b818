// What is profiled: a job's training script, run alone, or a function's handler, asked in batches. Either prints how fast it was.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { InferenceSpec } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import { packBundle } from '../bundle.ts'
import { readFunctionFile } from '../function-file.ts'
import { readJobFile } from '../job-file.ts'
import type { Environment } from '../server-address.ts'

export type TargetSlo = {
  readonly latencyMs: number
  readonly percentile: number
  readonly per: 'request' | 'token'
}

export type Target = {
  readonly name: string
  readonly work: 'inference' | 'training'
  readonly digest: string
  readonly args: readonly string[]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly slo: TargetSlo | null
  readonly batchMax: number
}

export async function readTarget(path: string): Promise<Target> {
  return isFunctionFile(path) ? await functionTarget(path) : await jobTarget(path)
}

/** Only a function has a handler. What cannot be read is told as a job file's trouble. */
function isFunctionFile(path: string): boolean {
  try {
    const content = parse(readFileSync(path, 'utf8'), { maxAliasCount: 100 }) as unknown
    return typeof content === 'object' && content !== null && 'handler' in content
  } catch {
    return false
  }
}

async function functionTarget(path: string): Promise<Target> {
  const { spec, folder } = readFunctionFile(path)
  const slo = sloOf(spec)
  const measured = ['--percentile', String(slo?.percentile ?? 99), '--per', slo?.per ?? 'request']
  return {
    name: spec.name ?? path,
    work: 'inference',
    digest: await digestOf(folder),
    args: ['-m', 'cloudless.profile', '--handler', spec.handler ?? '', '--bundle', folder, ...measured],
    folder,
    environment: spec.environment ?? {},
    slo,
    batchMax: spec.batchMax ?? 1,
  }
}

export function sloOf({ slo }: InferenceSpec): TargetSlo | null {
  const latencyMs = Number(slo?.latencyMs ?? 0)
  if (latencyMs <= 0) return null
  return {
    latencyMs,
    percentile: Number(slo?.percentile ?? 99),
    per: slo?.per === 'SLO_PER_TOKEN' ? 'token' : 'request',
  }
}

async function jobTarget(path: string): Promise<Target> {
  const file = readJobFile(path)
  const spec = file.spec.function
  return {
    name: file.spec.name ?? path,
    work: 'training',
    digest: await digestOf(file.functionFolder),
    args: [spec?.entrypoint ?? '', ...(spec?.arguments ?? [])],
    folder: file.functionFolder,
    environment: spec?.environment ?? {},
    slo: null,
    batchMax: 1,
  }
}

/** As an agent starts functions: what they need of this environment, the worker SDK, and what the file asks for. */
export function environmentOf(target: Target, own: Environment): Record<string, string> {
  const sdk = join(import.meta.dirname, '../../physical-plane/worker')
  const passed = Object.entries(own).flatMap(([name, value]) => {
    // What tells a script that it is part of a job would make it look for one.
    return value === undefined || name.startsWith('CLOUDLESS_') || name === 'PYTHONPATH' ? [] : [[name, value]]
  })
  const pythonPath = [sdk, target.environment['PYTHONPATH'] ?? ''].filter((path) => path !== '').join(':')
  return {
    ...(Object.fromEntries(passed) as Record<string, string>),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...target.environment,
    PYTHONPATH: pythonPath,
  }
}

export async function digestOf(folder: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'cloudless-bundle-'))
  try {
    return (await packBundle(folder, join(scratch, 'bundle.tar.gz'))).digest
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
