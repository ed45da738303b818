// One agent per state folder. The lock is a socket in Linux' abstract name space: taken atomically, and given back by the
// kernel however the agent ends. Limit: agents in different network name spaces on one folder do not see each other.
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { CloudlessError } from '#runtime/errors.ts'

export type StateLock = { readonly release: () => void }

export async function lockState(stateFolder: string): Promise<StateLock> {
  const name = `\0cloudless-agent-${createHash('sha256').update(stateFolder).digest('hex').slice(0, 32)}`
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      reject(
        new CloudlessError(
          'already-exists',
          'STATE_IN_USE',
          `another agent uses the state folder ${stateFolder}; stop it, or give this one another --state`,
        ),
      )
    })
    server.listen(name, resolve)
  })
  server.unref()
  return { release: () => server.close() }
}
