// With a stand-in of nvidia-cuda-mps-control: it keeps what it was asked in a file, and listens while its folder says so.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { openMps, type MpsOptions } from './mps.ts'

const control = `#!/bin/sh
pipe=$CUDA_MPS_PIPE_DIRECTORY
if [ "$1" = -d ]; then
  [ -n "$REFUSED" ] && { echo "Cannot start: $REFUSED" >&2; exit 1; }
  [ -d "$CUDA_MPS_LOG_DIRECTORY" ] || exit 2
  : >"$pipe/control"
  echo started >>"$ASKED"
  exit 0
fi
read command
[ -e "$pipe/control" ] || { echo "Cannot find MPS control daemon process" >&2; exit 1; }
echo "$command" >>"$ASKED"
[ "$command" = quit ] && rm "$pipe/control"
exit 0
`

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mps-'))
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin', 'nvidia-cuda-mps-control'), control)
  chmodSync(join(root, 'bin', 'nvidia-cuda-mps-control'), 0o755)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function options(
  name: string,
  over: Readonly<Record<string, string>> = {},
): MpsOptions & { readonly asked: () => string } {
  const asked = join(root, `${name}.asked`)
  const none = join(root, 'nobody')
  const environment = {
    PATH: `${join(root, 'bin')}:/usr/bin:/bin`,
    ASKED: asked,
    CUDA_MPS_PIPE_DIRECTORY: none,
    ...over,
  }
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  return { folder, environment, log: silentLog, asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : '') }
}

describe('MPS', () => {
  test('is started in folders of its own, found again by the next agent, and stopped by it', async () => {
    const given = options('own')
    const first = await openMps(given)
    expect(first).toMatchObject({ isOurs: true, pipeFolder: join(given.folder, 'pipe') })
    const second = await openMps(given)
    expect(second).toMatchObject({ isOurs: true, pipeFolder: join(given.folder, 'pipe') })
    expect(given.asked().match(/started/g)?.length).toBe(1)
    await second!.stop()
    expect(given.asked()).toMatch(/quit\n$/)
    expect(existsSync(join(given.folder, 'pipe', 'control'))).toBe(false)
    expect(await openMps(given)).toMatchObject({ isOurs: true })
    expect(given.asked().match(/started/g)?.length).toBe(2)
  })

  test("the machine's own is used and never stopped", async () => {
    const pipe = join(root, 'machine')
    mkdirSync(pipe)
    writeFileSync(join(pipe, 'control'), '')
    const given = options('others', { CUDA_MPS_PIPE_DIRECTORY: pipe })
    const mps = await openMps(given)
    expect(mps).toMatchObject({ isOurs: false, pipeFolder: pipe })
    await mps!.stop()
    expect(given.asked()).toBe('get_server_list\n')
  })

  test('one that is refused, or not there, is done without', async () => {
    expect(await openMps(options('refused', { REFUSED: 'no permission' }))).toBeNull()
    expect(await openMps(options('absent', { PATH: '/nonexistent' }))).toBeNull()
    expect(existsSync(join(root, 'refused', 'started-by-agent'))).toBe(false)
  })

  test('what cannot be stopped fails nothing', async () => {
    const given = options('stuck')
    const mps = await openMps(given)
    rmSync(join(given.folder, 'pipe', 'control'))
    await expect(mps!.stop()).resolves.toBeUndefined()
  })
})
