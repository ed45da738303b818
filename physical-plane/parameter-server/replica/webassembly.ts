// The part of the WebAssembly API that we use; the compiler's library for Node does not declare it. Arenas are shared
// memory, so that a second thread can run kernels on them.

export type WasmMemory = { readonly buffer: SharedArrayBuffer }
/** Compiled code; can be sent to another thread. */
export type WasmModule = object
export type WasmExports = Readonly<Record<string, (...values: readonly number[]) => number>>

type MemoryOptions = { readonly initial: number; readonly maximum: number; readonly shared: true }

type Api = {
  readonly Memory: new (options: MemoryOptions) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: WasmExports }
}

declare const WebAssembly: Api

const pageBytes = 65_536

/** Memory of at least `bytes`, or null where the machine cannot reserve that much address space. */
export function reserveMemory(bytes: number): WasmMemory | null {
  const pages = Math.min(Math.ceil(bytes / pageBytes), pageBytes)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

export function compileModule(code: Uint8Array): WasmModule {
  return new WebAssembly.Module(code)
}

export function instantiate(module: WasmModule, memory: WasmMemory): WasmExports {
  return new WebAssembly.Instance(module, { arena: { memory } }).exports
}
