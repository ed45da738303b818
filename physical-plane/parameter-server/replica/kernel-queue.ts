// The caller's side of the kernel thread: writes commands into the ring, and resolves promises when results are there.
// The ring's length bounds what can wait. A caller who writes into a full ring is held up until the thread has done a
// command, which holds up its event loop, too: that is the back-pressure, and it takes a thousand commands to feel it.
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { CloudlessError } from '#runtime/errors.ts'
import { kernelStallMs, ringSlots } from './config.ts'
import { command, createRing, readResult, word, writeCommand, type KernelThreadData } from './kernel-ring.ts'
import type { WasmMemory, WasmModule } from './webassembly.ts'

type Pending = {
  /** Commands that are done when this one is. */
  readonly count: number
  readonly resolve: (result: number) => void
  readonly reject: (error: Error) => void
}

export class KernelQueue {
  readonly #ring = createRing()
  readonly #worker: Worker
  readonly #modules: MessagePort
  readonly #ended = Promise.withResolvers<undefined>()
  /** Does not wrap round; what lies in the ring does. */
  #asked = 0
  #pending: Pending[] = []
  #failure: Error | null = null
  #isStopping = false
  #isWatching = false

  /** `onCrash` is told when the thread dies; nothing that was asked for comes any more. */
  constructor(name: string, memory: WasmMemory, onCrash: (error: Error) => void) {
    const { port1, port2 } = new MessageChannel()
    const workerData: KernelThreadData = { ring: this.#ring.words.buffer, memory, modules: port2 }
    this.#modules = port1
    this.#worker = new Worker(new URL('kernel-thread.ts', import.meta.url), {
      name,
      workerData,
      transferList: [port2],
      execArgv: [],
    })
    const crash = (error: Error): void => {
      if (this.#failure !== null) return
      this.#fail(error)
      onCrash(error)
    }
    this.#worker.on('error', crash)
    this.#worker.on('exit', (code) => {
      this.#modules.close()
      this.#ended.resolve(undefined)
      if (!this.#isStopping) crash(crashed(`the kernel thread ended with ${code}`))
    })
    // Waiting for commands is no reason to go on living; waiting for results is.
    this.#worker.unref()
  }

  /** Commands written so far. */
  get asked(): number {
    return this.#asked
  }

  get done(): number {
    // The ring's count is the lower 32 bits; never more than a ring's length is outstanding.
    return this.#asked - ((this.#asked - Atomics.load(this.#ring.words, word.done)) | 0)
  }

  push(number: number, operands: readonly number[]): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#asked - this.done >= ringSlots - 1) this.#waitUntil(this.#asked - ringSlots + 2)
    // Results that nobody has read yet must not be overwritten.
    if (this.#pending.length > 0 && this.#pending[0]!.count <= this.#asked - ringSlots / 2) this.#collect()
    writeCommand(this.#ring, this.#asked, number, operands)
    this.#asked += 1
    Atomics.store(this.#ring.words, word.asked, this.#asked | 0)
    Atomics.notify(this.#ring.words, word.asked)
  }

  ask(number: number, operands: readonly number[]): Promise<number> {
    this.push(number, operands)
    return this.#result()
  }

  load(module: WasmModule): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a message port has no origin
    this.#modules.postMessage(module)
    this.push(command.load, [])
  }

  /** Resolves once everything written so far is done. */
  async settled(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (this.done < this.#asked) await this.#result()
  }

  /** The same, holding up the caller. */
  settleNow(): void {
    this.#waitUntil(this.#asked)
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return this.#ended.promise
    this.#isStopping = true
    if (this.#failure === null) this.push(command.stop, [])
    this.#worker.ref()
    await this.#ended.promise
  }

  /** The result of the newest command. */
  #result(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#pending.push({ count: this.#asked, resolve, reject })
    if (!this.#isWatching) void this.#watch()
    return promise
  }

  /** Until nobody waits any more. */
  async #watch(): Promise<void> {
    this.#isWatching = true
    this.#worker.ref()
    while (this.#pending.length > 0) {
      const wakes = Atomics.load(this.#ring.words, word.wakes)
      this.#wakeAt(this.#pending[0]!.count)
      this.#takeResults()
      if (this.#pending.length === 0) break
      await Atomics.waitAsync(this.#ring.words, word.wakes, wakes).value
    }
    this.#isWatching = false
    this.#worker.unref()
  }

  /** From outside of `#watch`, which may have been waiting for the wake that was used up here. */
  #collect(): void {
    this.#takeResults()
    if (this.#isWatching) this.#wake()
  }

  #takeResults(): void {
    const { done } = this
    while (this.#pending.length > 0 && this.#pending[0]!.count <= done) {
      const { count, resolve } = this.#pending.shift()!
      resolve(readResult(this.#ring, count - 1))
    }
  }

  #waitUntil(count: number): void {
    while (this.done < count) {
      if (this.#failure !== null) throw this.#failure
      const wakes = Atomics.load(this.#ring.words, word.wakes)
      this.#wakeAt(count)
      if (this.done >= count) break
      if (Atomics.load(this.#ring.words, word.hasFailed) === 1) throw crashed('the kernel thread has failed')
      if (Atomics.wait(this.#ring.words, word.wakes, wakes, kernelStallMs) === 'timed-out') {
        throw crashed(`the kernel thread did nothing for ${kernelStallMs / 1000} s`)
      }
    }
    this.#collect()
  }

  #wakeAt(count: number): void {
    Atomics.store(this.#ring.words, word.wakeAt, count | 0)
    Atomics.store(this.#ring.words, word.isArmed, 1)
  }

  #fail(error: Error): void {
    this.#failure = error
    for (const { reject } of this.#pending.splice(0)) reject(error)
    this.#wake()
  }

  #wake(): void {
    Atomics.add(this.#ring.words, word.wakes, 1)
    Atomics.notify(this.#ring.words, word.wakes)
  }
}

function crashed(text: string): CloudlessError {
  return new CloudlessError('internal', 'KERNEL_THREAD_CRASHED', text)
}
