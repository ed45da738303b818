// moto's server, which speaks the APIs of AWS: MOTO_SERVER, the one on PATH, or one that the tests install for themselves under
// CLOUDLESS_HOME (about half a minute, the first time).
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { cloudlessHome } from '#cli/server-address.ts'

const version = 'moto[server]==5.2.1'

export type Moto = { readonly url: string; stop(): Promise<void> }

/** Null, with the reason printed, where none is to be had. */
export async function startMoto(): Promise<Moto | null> {
  const program = findMoto()
  if (program === null) return null
  const port = await freePort()
  // Threads only; it must not find credentials or a proxy of whoever runs the tests.
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
  })
  const url = `http://127.0.0.1:${port}`
  const isUp = await answers(url, child)
  if (isUp) return { url, stop: () => stopped(child) }
  await stopped(child)
  process.stderr.write(`no moto for the tests: ${program} did not answer\n`)
  return null
}

function findMoto(): string | null {
  const named = process.env['MOTO_SERVER'] ?? ''
  if (named !== '') return named
  if (spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).status === 0) return 'moto_server'
  const folder = join(cloudlessHome(process.env), 'moto')
  const installed = join(folder, 'bin', 'moto_server')
  if (existsSync(installed)) return installed
  process.stderr.write('> moto: installing an emulator of AWS for the tests\n')
  mkdirSync(folder, { recursive: true })
  const made = spawnSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' })
  const pip = made.status === 0 ? spawnSync(join(folder, 'bin', 'pip'), ['install', '--quiet', version]) : made
  if (pip.status === 0 && existsSync(installed)) return installed
  process.stderr.write(
    `no moto for the tests: ${String(pip.stderr ?? pip.error ?? 'python3 -m venv failed').slice(-300)}\n`,
  )
  return null
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 300 && child.exitCode === null; attempt++) {
    const found = await fetch(`${url}/moto-api/`, { signal: AbortSignal.timeout(2_000) }).catch(() => null)
    if (found?.ok === true) return true
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
  }
  return false
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
