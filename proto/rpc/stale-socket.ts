// A Unix socket file outlives a killed server and then blocks the next one. It may be removed only when nobody answers.
import { lstatSync, unlinkSync, type Stats } from 'node:fs'
import { connect } from 'node:net'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { socketPathBytesMax } from './config.ts'

/** Throws when the path is in use, too long for the system, or something else than a socket. */
export async function removeStaleSocket(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path)
  if (bytes > socketPathBytesMax) {
    const description = `${path} has ${bytes} bytes, the system allows ${socketPathBytesMax}; use a shorter folder`
    throw invalid([{ field: 'socketPath', description }])
  }
  const found: Stats | undefined = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) {
    throw invalid([{ field: 'socketPath', description: `${path} is not a socket; remove it or choose another path` }])
  }
  if (await answers(path)) {
    throw new CloudlessError('conflict', 'CANNOT_LISTEN', `${path} is served by another process; stop it first`)
  }
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const finish = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Anything but these two (no permission, a full backlog) may be a living server.
      finish(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT')
    })
  })
}
