// The agent as its own process on a machine with a fake GPU: what it starts for sharing it, and what it leaves behind. MPS is a
// stand-in of nvidia-cuda-mps-control that keeps what it was asked.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFolders } from '#physical-plane/agent/folders.ts'
import { sharedFilePath } from '#physical-plane/gpu-sharing/sharing.ts'
import { hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'

const hasCc = hasCompiler()
if (!hasCc) process.stderr.write('gpu-agent-process: skipped, there is no C compiler "cc" for the interposer\n')

const control = `#!/bin/sh
if [ "$1" = -d ]; then
  : >"$CUDA_MPS_PIPE_DIRECTORY/control" && echo started >>"$ASKED"
  exit
fi
read command
[ -e "$CUDA_MPS_PIPE_DIRECTORY/control" ] || exit 1
echo "$command" >>"$ASKED"
[ "$command" != quit ] || rm "$CUDA_MPS_PIPE_DIRECTORY/control"
`

let root = ''
const started: ChildProcess[] = []
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gpa-'))
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'nvidia-cuda-mps-control'), control)
  chmodSync(join(root, 'bin', 'nvidia-cuda-mps-control'), 0o755)
})
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

function aMachine(name: string) {
  const gpu = makeFakeGpu(join(root, `${name}.gpu`), { name: 'Tesla T4' })
  const state = join(root, name)
  const asked = join(root, `${name}.asked`)
  const environment = {
    ...process.env,
    PATH: `${join(import.meta.dirname, '../fake-gpu')}:${join(root, 'bin')}:${process.env['PATH'] ?? ''}`,
    FAKE_GPU_FILE: gpu.path,
    CUDA_MPS_PIPE_DIRECTORY: join(root, 'nobody'),
    ASKED: asked,
  }
  /** Resolves once the agent is ready, with what its log says of GPUs. */
  const startAgent = async (...flags: readonly string[]) => {
    const own = ['--control-plane', '127.0.0.1:1', '--region', 'onprem/lab', '--state', state, ...flags]
    const script = join(import.meta.dirname, '../../physical-plane/agent/main.ts')
    const child = spawn(process.execPath, [script, ...own], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    started.push(child)
    const said: string[] = []
    createInterface(child.stderr).on('line', (line) => said.push(line))
    const exited = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      said.push(line)
      if (line.includes('"ready":true')) break
    }
    const stop = async (signal: NodeJS.Signals): Promise<unknown> => {
      child.kill(signal)
      return ((await exited) as unknown[])[0]
    }
    return { said: () => said.join('\n'), stop }
  }
  const sharedFile = (): string => sharedFilePath({ folder: '/dev/shm', owner: openFolders(state).state }, gpu.uuid)
  return { gpu, startAgent, sharedFile, asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : '') }
}

describe.skipIf(!hasCc)('an agent process with a GPU', () => {
  test('shares it under an MPS that it starts, leaves both to the next agent, and takes both away at the end', async () => {
    const { gpu, startAgent, sharedFile, asked } = aMachine('mps')
    const first = await startAgent()
    expect(first.said()).toContain(gpu.uuid)
    expect(first.said()).toContain('interposer-mps')
    expect(existsSync(sharedFile())).toBe(true)
    // Instances would go on.
    expect(await first.stop('SIGUSR2')).toBe(0)
    expect([existsSync(sharedFile()), asked()]).toEqual([true, 'started\nget_server_list\n'])
    const second = await startAgent()
    expect(second.said()).toContain('interposer-mps')
    expect(await second.stop('SIGTERM')).toBe(0)
    expect([existsSync(sharedFile()), asked()]).toEqual([false, 'started\nget_server_list\nget_server_list\nquit\n'])
  })

  test('shares it without MPS, or not at all, when it is told to', async () => {
    const { startAgent, sharedFile, asked } = aMachine('off')
    const plain = await startAgent('--mps', 'off')
    expect(plain.said()).toMatch(/"sharing":"interposer"/)
    expect(await plain.stop('SIGTERM')).toBe(0)
    const off = await startAgent('--gpu-sharing', 'off')
    expect(off.said()).toMatch(/"sharing":"whole","wholeBecause":"the agent runs with --gpu-sharing off"/)
    expect(existsSync(sharedFile())).toBe(false)
    expect(await off.stop('SIGTERM')).toBe(0)
    expect(asked()).toBe('')
  })
})
