// The functions that can run on one arena, by number, so that a call is a few numbers and can be written down for another
// thread. Two programs that loaded the same modules in the same order give the same functions the same numbers.
import { createHash } from 'node:crypto'
import { present } from '#runtime/assert.ts'
import { hashPieceBytes } from './config.ts'
import { instantiate, type WasmMemory, type WasmModule } from './webassembly.ts'

export type ArenaFunction = (...operands: readonly number[]) => number

/** sha256(address, bytes, target): the digest's 32 bytes go to the target. */
export const sha256Function = 0

export class ArenaProgram {
  readonly #memory: WasmMemory
  readonly #functions: ArenaFunction[]

  constructor(memory: WasmMemory) {
    this.#memory = memory
    this.#functions = [
      (address, bytes, target) => {
        const digest = sha256(new Uint8Array(memory.buffer, address, bytes))
        new Uint8Array(memory.buffer, target, digest.length).set(digest)
        return 0
      },
    ]
  }

  /** The numbers of the module's functions. */
  load(module: WasmModule): ReadonlyMap<string, number> {
    const numbers = new Map<string, number>()
    for (const [name, code] of Object.entries(instantiate(module, this.#memory))) {
      numbers.set(name, this.#functions.length)
      this.#functions.push(code)
    }
    return numbers
  }

  call(number: number, operands: readonly number[]): number {
    return present(this.#functions[number], `arena function ${number}`)(...operands)
  }
}

/** On this thread. */
export function sha256({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  const hash = createHash('sha256')
  for (let at = 0; at < byteLength; at += hashPieceBytes) {
    hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(hashPieceBytes, byteLength - at)))
  }
  return hash.digest()
}
