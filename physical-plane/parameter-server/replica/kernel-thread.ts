// The thread on which kernels run: takes commands out of the ring in order, and sleeps while there are none. A command
// that throws ends the thread, and with it the process: what comes after it would compute on a vector that is not there.
import { receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { present } from '#runtime/assert.ts'
import { ArenaProgram } from './arena-program.ts'
import { command, readCommand, ringIn, word, writeResult, type KernelThreadData, type Ring } from './kernel-ring.ts'
import type { WasmModule } from './webassembly.ts'

runCommands(workerData as KernelThreadData)

function runCommands({ ring: memory, memory: arena, modules }: KernelThreadData): void {
  const ring = ringIn(memory)
  const program = new ArenaProgram(arena)
  try {
    for (let done = 0, isOver = false; !isOver; done = (done + 1) | 0) {
      while (Atomics.load(ring.words, word.asked) === done) Atomics.wait(ring.words, word.asked, done)
      const { number, operands } = readCommand(ring, done)
      if (number === command.stop) isOver = true
      else if (number === command.load) program.load(nextModule(modules))
      else writeResult(ring, done, program.call(number, operands))
      Atomics.store(ring.words, word.done, (done + 1) | 0)
      wakeWhenDue(ring, (done + 1) | 0)
    }
    modules.close()
  } catch (error) {
    Atomics.store(ring.words, word.hasFailed, 1)
    wake(ring)
    throw error
  }
}

function nextModule(modules: MessagePort): WasmModule {
  return present(receiveMessageOnPort(modules), 'the module to load').message as WasmModule
}

function wakeWhenDue(ring: Ring, done: number): void {
  if (Atomics.load(ring.words, word.isArmed) === 0) return
  // A difference, since counts wrap round.
  if (((done - Atomics.load(ring.words, word.wakeAt)) | 0) < 0) return
  if (Atomics.exchange(ring.words, word.isArmed, 0) === 1) wake(ring)
}

function wake({ words }: Ring): void {
  Atomics.add(words, word.wakes, 1)
  Atomics.notify(words, word.wakes)
}
