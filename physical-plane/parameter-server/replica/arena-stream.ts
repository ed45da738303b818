// The functions of an arena as a stream, in the order in which they are asked for: on the kernel thread, or at once where
// there is no thread. With a thread, what is small still runs at once when nothing is before it, because the way to the
// thread and back costs about 10 µs, as much as a kernel needs for the vectors of a small layer.
import { assert, present } from '#runtime/assert.ts'
import type { ArenaCode } from './arena-code.ts'
import { ArenaProgram } from './arena-program.ts'
import { inlineBytesMax } from './config.ts'
import type { KernelQueue } from './kernel-queue.ts'
import { compileModule, type WasmMemory } from './webassembly.ts'

/** Arena code that may be told how much a call reads and writes. */
export interface SizedCode extends ArenaCode {
  runOver(bytes: number, name: string, ...operands: readonly number[]): void
  askOver(bytes: number, name: string, ...operands: readonly number[]): Promise<number>
  /** At once and beside what was asked for, so only on memory that nothing of that uses. */
  runNow(name: string, ...operands: readonly number[]): void
}

export class ArenaStream {
  readonly #program: ArenaProgram
  readonly #queue: KernelQueue | null

  constructor(memory: WasmMemory, queue: KernelQueue | null) {
    this.#program = new ArenaProgram(memory)
    this.#queue = queue
  }

  /** The functions that a WebAssembly module exports; it must import the arena as shared memory. */
  load(code: Uint8Array): SizedCode {
    const module = compileModule(code)
    const numbers = this.#program.load(module)
    this.#queue?.load(module)
    const numberOf = (name: string): number => present(numbers.get(name), `the arena function ${name}`)
    return {
      run: (name, ...operands) => this.run(Infinity, numberOf(name), operands),
      ask: (name, ...operands) => this.ask(Infinity, numberOf(name), operands),
      runOver: (bytes, name, ...operands) => this.run(bytes, numberOf(name), operands),
      askOver: (bytes, name, ...operands) => this.ask(bytes, numberOf(name), operands),
      runNow: (name, ...operands) => void this.#program.call(numberOf(name), operands),
      settled: () => this.settled(),
    }
  }

  run(bytes: number, number: number, operands: readonly number[]): void {
    if (this.#queue === null || (bytes <= inlineBytesMax && this.isIdle)) this.#program.call(number, operands)
    else this.#queue.push(number, operands)
  }

  ask(bytes: number, number: number, operands: readonly number[]): Promise<number> {
    if (this.#queue === null || (bytes <= inlineBytesMax && this.isIdle)) {
      return Promise.resolve(this.#program.call(number, operands))
    }
    return this.#queue.ask(number, operands)
  }

  get isIdle(): boolean {
    return this.#queue === null || this.#queue.done === this.#queue.asked
  }

  /** Commands given to the thread, and those of them that are done. */
  get asked(): number {
    return this.#queue?.asked ?? 0
  }

  get done(): number {
    return this.#queue?.done ?? 0
  }

  async settled(): Promise<void> {
    await this.#queue?.settled()
  }

  /** Holds the caller up until everything asked for so far is done. */
  settleNow(): void {
    this.#queue?.settleNow()
    assert(this.isIdle, 'the stream is idle once it has settled')
  }

  async stop(): Promise<void> {
    await this.#queue?.stop()
  }
}
