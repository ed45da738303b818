// An arena for tests of this folder, and vectors that are hard on codecs.
import { reserveMemory, compileModule, instantiate } from '../../replica/webassembly.ts'
import { codecKernelsCode } from './codec-kernels.wasm.ts'
import type { CodecMemory } from './codec.ts'

export function aCodecMemory(): CodecMemory & { readonly buffer: SharedArrayBuffer } {
  const memory = reserveMemory(1 << 21)!
  const exports = instantiate(compileModule(codecKernelsCode), memory)
  return {
    buffer: memory.buffer,
    holds: (view) => view.buffer === memory.buffer,
    code: {
      run: (name, ...operands) => void exports[name]!(...operands),
      ask: (name, ...operands) => Promise.resolve(exports[name]!(...operands)),
      settled: () => Promise.resolve(),
    },
  }
}
