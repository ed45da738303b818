// The demo as a person runs it, on few images: ends with the promised object, and leaves nothing running or lying about.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const mark = 'CLOUDLESS_TEST_MARK'
const scratch: string[] = []

afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true })
})

describe('cloudless demo', () => {
  test('trains over three regions, reports with the promised keys, and leaves nothing', async () => {
    const demo = runDemo(['--json', '--samples', '6000', '--epochs', '3'])
    const { code, stdout, stderr } = await demo.ended
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>
    const promised = 'accuracy seconds wan_bytes cost_usd cost_usd_use_everything regions strategy dataset'
    expect(Object.keys(result).join(' ')).toBe(promised)
    expect(result).toMatchObject({
      regions: ['aws/us-east-1', 'onprem/lab', 'tencent/ap-shanghai'],
      strategy: 'asgd-ga',
    })
    // Three passes over a tenth of the images; chance is 0.1.
    expect(result['accuracy']).toBeGreaterThan(0.2)
    for (const key of ['seconds', 'wan_bytes', 'cost_usd']) expect(result[key], key).toBeGreaterThan(0)
    expect(result['cost_usd_use_everything']).toBeGreaterThanOrEqual(result['cost_usd'] as number)
    expect(leftBy(demo.temporary)).toEqual({ processes: [], folders: [] })
  })

  test('interrupted in the middle, it leaves nothing either', async () => {
    const demo = runDemo(['--samples', '6000', '--epochs', '50'])
    await demo.printed('running: ')
    demo.child.kill('SIGINT')
    const { code } = await demo.ended
    expect(code).toBe(130)
    expect(leftBy(demo.temporary)).toEqual({ processes: [], folders: [] })
  })
})

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

function runDemo(options: readonly string[]) {
  const temporary = mkdtempSync(join(tmpdir(), 'demo-'))
  scratch.push(temporary)
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'demo', ...options], {
    // Images and Python come from the person's own CLOUDLESS_HOME; only temporary files are kept apart.
    env: { ...process.env, TMPDIR: temporary, [mark]: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString('utf8')))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString('utf8')))
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  const printed = async (text: string): Promise<void> => {
    const seen = new Promise<void>((resolve) => {
      child.stderr.on('data', () => {
        if (stderr.includes(text)) resolve()
      })
    })
    await Promise.race([
      seen,
      ended.then(({ stderr: all }) => {
        throw new Error(`the demo ended before it printed "${text}":\n${all}`)
      }),
    ])
  }
  return { child, ended, printed, temporary }
}

/** Processes that inherited the mark or work in its folder, and temporary folders of ours that were not removed. */
function leftBy(temporary: string): { processes: string[]; folders: string[] } {
  const processes = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => textOf(`/proc/${pid}/environ`).includes(temporary))
    .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`)
  // Libraries keep caches of their own there; what is ours says so.
  const folders = readdirSync(temporary).filter((name) => name.startsWith('cloudless'))
  return { processes, folders }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
