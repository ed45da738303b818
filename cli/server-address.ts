// Which control plane a command talks to: --server, else CLOUDLESS_SERVER, else the cluster that `up` runs here.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { readClusterState } from './local-cluster/state-file.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export function cloudlessHome(environment: Environment): string {
  const configured = environment['CLOUDLESS_HOME'] ?? ''
  return configured === '' ? join(homedir(), '.cloudless') : resolve(configured)
}

export function localClusterFolder(home: string): string {
  return join(home, 'local')
}

export function findServer(option: string | null, environment: Environment, home: string): string {
  if (option !== null) return checkedAddress('--server', option)
  const configured = environment['CLOUDLESS_SERVER'] ?? ''
  if (configured !== '') return checkedAddress('CLOUDLESS_SERVER', configured)
  const state = readClusterState(localClusterFolder(home))
  if (state !== null && state.address !== '') return state.address
  throw new CloudlessError('unavailable', 'NO_SERVER', 'no control plane is known')
}

function checkedAddress(field: string, address: string): string {
  const match = /^(\[[0-9a-fA-F:]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address)
  const port = Number(match?.[2] ?? 0)
  if (match === null || port < 1 || port > 65_535) {
    throw invalid([
      { field, description: `"${address}" is not an address; write HOST:PORT, for example 127.0.0.1:7443` },
    ])
  }
  return address
}

/** On this very computer, so that file:// shards can be checked before they are sent. */
export function isLoopback(address: string): boolean {
  return /^(127\.|localhost:|\[::1\]:)/.test(address)
}
