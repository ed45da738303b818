// What a full, failing or read-only disk looks like to a caller: an error that says what to do, never half a write.
import { open } from 'node:fs/promises'
import { CloudlessError, messageOf } from '#runtime/errors.ts'

export async function withDiskErrors<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw diskError(doing, error) ?? error
  }
}

function diskError(doing: string, error: unknown): CloudlessError | null {
  const code = (error as NodeJS.ErrnoException | null)?.code
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the system has hundreds of codes
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new CloudlessError('exhausted', 'DISK_FULL', `cannot ${doing}: the control plane's disk is full`, {
        cause: error,
      })
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
    case 'EIO':
      return new CloudlessError(
        'unavailable',
        'DISK_NOT_WRITABLE',
        `cannot ${doing}: the control plane's data folder is not writable (${messageOf(error)})`,
        { cause: error },
      )
    default:
      return null
  }
}

/** Makes a rename in this folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
