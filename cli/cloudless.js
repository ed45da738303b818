#!/usr/bin/env node
// Starts the command line with a Node that can run it. Written for old Nodes (CommonJS-free, no types), because its
// one task is to find a newer one: the running Node if it is new enough, else the one that `npm ci` installed here.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const nodeMajorMin = 26
const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  const { main } = await import('./main.ts')
  await main()
} else {
  const bundled = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(bundled)) runWith(bundled)
  else {
    process.stderr.write(
      `cloudless needs Node ${nodeMajorMin} or newer; this is Node ${process.versions.node}, and ${bundled} does not exist.\n` +
        `Fix: run \`npm ci\` in ${root} (on Linux x64 it installs a fitting Node), or install Node ${nodeMajorMin} from https://nodejs.org.\n`,
    )
    process.exitCode = 4
  }
}

function runWith(node) {
  const child = spawn(node, [join(root, 'cli', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal signals the whole process group, others signal only us: pass on what the child would miss.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  process.on('SIGINT', () => {})
  child.on('error', (error) => {
    process.stderr.write(`cannot start ${node}: ${error.message}\n`)
    process.exitCode = 4
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}
