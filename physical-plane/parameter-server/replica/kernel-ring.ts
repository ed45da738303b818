// Commands on their way to the kernel thread: a ring in shared memory, written by one thread and read by one other. Counts
// grow without end (and wrap round as int32); the command of count n lies in slot n modulo the slots. A slot holds
// 16 float64: the function's number, how many operands there are, the operands; the function's result replaces its number.
import type { MessagePort } from 'node:worker_threads'
import { ringOperandsMax, ringSlots } from './config.ts'
import type { WasmMemory } from './webassembly.ts'

/** int32 words at the start. */
export const word = {
  /** Commands written. The reader sleeps on it. */
  asked: 0,
  /** Commands done. */
  done: 1,
  /** 1 while the writer wants to be woken. */
  isArmed: 2,
  /** ... once this many commands are done. */
  wakeAt: 3,
  /** Grows with every wake. The writer sleeps on it. */
  wakes: 4,
  /** 1 after a command threw. Nothing is done any more. */
  hasFailed: 5,
} as const

/** What the kernel thread is given. */
export type KernelThreadData = {
  readonly ring: SharedArrayBuffer
  readonly memory: WasmMemory
  /** Modules arrive here before the command that loads them. */
  readonly modules: MessagePort
}

/** Numbers of commands that are no functions. */
export const command = { load: -1, stop: -2 } as const

const headBytes = 64
const slotNumbers = ringOperandsMax + 2

export type Ring = { readonly words: Int32Array<SharedArrayBuffer>; readonly slots: Float64Array<SharedArrayBuffer> }

export function createRing(): Ring {
  return ringIn(new SharedArrayBuffer(headBytes + ringSlots * slotNumbers * 8))
}

export function ringIn(memory: SharedArrayBuffer): Ring {
  return { words: new Int32Array(memory, 0, headBytes / 4), slots: new Float64Array(memory, headBytes) }
}

export function writeCommand({ slots }: Ring, count: number, number: number, operands: readonly number[]): void {
  const at = slotOf(count)
  slots[at] = number
  slots[at + 1] = operands.length
  slots.set(operands, at + 2)
}

export function readCommand({ slots }: Ring, count: number): { readonly number: number; readonly operands: number[] } {
  const at = slotOf(count)
  return { number: slots[at]!, operands: Array.from(slots.subarray(at + 2, at + 2 + slots[at + 1]!)) }
}

export function writeResult({ slots }: Ring, count: number, result: number): void {
  slots[slotOf(count)] = result
}

export function readResult({ slots }: Ring, count: number): number {
  return slots[slotOf(count)]!
}

function slotOf(count: number): number {
  return ((count >>> 0) % ringSlots) * slotNumbers
}
