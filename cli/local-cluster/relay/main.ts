// The relay as a process: `node cli/local-cluster/relay/main.ts --config FILE [--log-level info]`. Prints one line when
// ready, {"ready":true,"ports":{"aws/us-east-1":41234}}, then answers commands on standard input and on the control
// socket. SIGTERM and SIGINT stop it; the end of standard input does not.
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { systemClock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import { openLog, type LogLevel } from '#runtime/log.ts'
import { listenForCommands } from './commands.ts'
import { parseRelayConfig } from './config.ts'
import { startRelay, type Relay } from './relay.ts'

try {
  await main()
} catch (error) {
  console.error(`relay: ${messageOf(error)}`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, 'log-level': { type: 'string' } } })
  if (values.config === undefined) throw new Error('--config FILE is missing; it names the regions and their links')
  const config = parseRelayConfig(readFileSync(values.config, 'utf8'), values.config)
  const clock = systemClock()
  const log = openLog({ name: 'relay', level: logLevel(values['log-level'] ?? 'info'), clock })
  const relay = await startRelay(config, clock, log)
  const control = config.controlSocket === undefined ? null : await openControl(relay, config.controlSocket)
  const stop = (): void => {
    control?.stop()
    process.stdin.destroy()
    relay.stop().then(
      () => log.info({}, 'stopped'),
      (error: unknown) => log.error({ error: messageOf(error) }, 'stopping failed'),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  listenForCommands(relay, process.stdin, process.stdout)
  console.log(JSON.stringify({ ready: true, ports: relay.ports }))
}

function openControl(relay: Relay, path: string): Promise<{ readonly stop: () => void }> {
  // Only the owner of the cluster's folder writes here; a file that is left is from a relay that was killed.
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    listenForCommands(relay, socket, socket)
  })
  const stop = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      chmodSync(path, 0o600)
      resolve({ stop })
    })
  })
}

function logLevel(text: string): LogLevel {
  const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
  const found = levels.find((level) => level === text)
  if (found === undefined) throw new Error(`--log-level "${text}" is none of ${levels.join(', ')}`)
  return found
}
