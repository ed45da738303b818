// Downloads a model so that the file is either whole and verified or not there at all.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { waits } from './config.ts'
import type { Output } from './output.ts'
import type { JobClient } from './services.ts'
import { formatBytes } from './units.ts'

export type DownloadOptions = {
  readonly jobs: Pick<JobClient, 'downloadModel'>
  readonly jobId: string
  readonly path: string
  readonly mayReplace: boolean
  readonly output: Pick<Output, 'progress'>
  readonly signal: AbortSignal
}

export type DownloadedModel = { readonly path: string; readonly bytes: number; readonly digest: string }

export async function downloadModel(options: DownloadOptions): Promise<DownloadedModel> {
  const path = resolve(options.path)
  await checkTarget(path, options.mayReplace)
  const unfinished = `${path}.${process.pid}.part`
  try {
    const model = await receive(options, unfinished)
    await moveIntoPlace(unfinished, path, options.mayReplace)
    return { path, ...model }
  } finally {
    await rm(unfinished, { force: true })
  }
}

async function checkTarget(path: string, mayReplace: boolean): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => null)
  if (folder?.isDirectory() !== true)
    throw invalid([{ field: '--output', description: `${dirname(path)} is not a folder` }])
  const target = await stat(path).catch(() => null)
  if (target?.isDirectory() === true)
    throw invalid([{ field: '--output', description: `${path} is a folder; name a file` }])
  if (target !== null && !mayReplace) throw exists(path)
}

async function receive(options: DownloadOptions, unfinished: string): Promise<{ bytes: number; digest: string }> {
  const { jobs, jobId, output, signal } = options
  const hash = createHash('sha256')
  const file = await open(unfinished, 'wx', 0o644)
  let totalBytes = 0
  let bytes = 0
  let expected = ''
  let progress: ReturnType<Output['progress']> | null = null
  try {
    for await (const part of jobs.downloadModel({ jobId }, { signal, deadlineMs: waits.transferDeadlineMs })) {
      if (progress === null) {
        ;({ totalBytes, digest: expected } = part)
        progress = output.progress('downloading model', totalBytes, formatBytes)
      }
      hash.update(part.data)
      await file.writeFile(part.data)
      bytes += part.data.length
      progress.update(bytes)
    }
    await file.sync()
  } finally {
    progress?.stop()
    await file.close()
  }
  const digest = hash.digest('hex')
  if (bytes === totalBytes && digest === expected) return { bytes, digest }
  throw new CloudlessError(
    'unavailable',
    'DAMAGED_DOWNLOAD',
    `the model of ${jobId} arrived damaged: ${bytes} of ${totalBytes} bytes, sha256 ${digest} instead of ${expected}; try again`,
  )
}

/** Without --force a file that appeared meanwhile is kept: a hard link fails where a rename would replace. */
async function moveIntoPlace(unfinished: string, path: string, mayReplace: boolean): Promise<void> {
  if (mayReplace) return rename(unfinished, path)
  try {
    await link(unfinished, path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EEXIST') throw exists(path)
    // Some file systems have no hard links.
    await copyFile(unfinished, path, constants.COPYFILE_EXCL)
  }
}

function exists(path: string): CloudlessError {
  return new CloudlessError('already-exists', 'FILE_EXISTS', `${path} exists; give --force to replace it`)
}
