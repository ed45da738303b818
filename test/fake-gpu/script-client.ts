// Drives clients/script.c: a process that makes the calls it is told to make, one at a time.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { assert } from '#runtime/assert.ts'
import type { BuiltFakeGpu } from './build-fake-gpu.ts'

export type Answer = { readonly result: number; readonly value: number }

export class ScriptClient {
  readonly #child: ChildProcess
  readonly #waiting: ((answer: Answer) => void)[] = []
  readonly #ended: Promise<void>

  constructor(fake: BuiltFakeGpu, environment: Readonly<Record<string, string>>) {
    this.#child = spawn(fake.client('script'), [], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, LD_LIBRARY_PATH: fake.folder, ...environment },
    })
    const lines = createInterface({ input: this.#child.stdout! })
    lines.on('line', (line) => {
      const [result, value] = line.split(' ').map(Number)
      this.#waiting.shift()?.({ result: result!, value: value! })
    })
    this.#ended = new Promise((resolve) => {
      this.#child.on('close', () => {
        // Whoever still waits for an answer of a client that is gone gets one that fits nothing.
        for (const answer of this.#waiting.splice(0)) answer({ result: -1, value: Number.NaN })
        resolve()
      })
    })
  }

  get pid(): number {
    assert(this.#child.pid !== undefined, 'the script client did not start')
    return this.#child.pid
  }

  call(line: string): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#child.stdin!.write(`${line}\n`)
    })
  }

  /** Makes calls that must succeed, and gives the value of the last. */
  async do(...lines: readonly string[]): Promise<number> {
    let last = 0
    for (const line of lines) {
      const { result, value } = await this.call(line)
      assert(result === 0, `"${line}" answered CUDA error ${result}`)
      last = value
    }
    return last
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    await this.#ended
  }
}
