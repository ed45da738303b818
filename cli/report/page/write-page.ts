// Where a page goes, and getting it there.
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'

/** Checked before anything is asked for. */
export async function pageTarget(given: string): Promise<string> {
  const path = resolve(given)
  const folder = await stat(dirname(path)).catch(() => null)
  if (folder?.isDirectory() !== true)
    throw invalid([{ field: '--html', description: `${dirname(path)} is not a folder` }])
  const target = await stat(path).catch(() => null)
  if (target?.isDirectory() === true)
    throw invalid([{ field: '--html', description: `${path} is a folder; name a file` }])
  return path
}

/** Whole or not at all, for a browser that has the older one open. */
export async function writePage(path: string, content: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`
  try {
    await writeFile(unfinished, content)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    const text = `cannot write ${path}: ${messageOf(error)}`
    throw new CloudlessError('unavailable', 'PAGE_UNWRITABLE', text, { cause: error })
  }
}
