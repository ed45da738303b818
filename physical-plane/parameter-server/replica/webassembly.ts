// The part of the WebAssembly API that we use; the compiler's library for Node does not declare it.

export type WasmMemory = { readonly buffer: ArrayBuffer }
export type WasmExports = Readonly<Record<string, (...values: readonly number[]) => number>>

type Api = {
  readonly Memory: new (options: { readonly initial: number; readonly maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: WasmExports }
}

declare const WebAssembly: Api

const pageBytes = 65_536

/** Memory of at least `bytes`, or null where the machine cannot reserve that much address space. */
export function reserveMemory(bytes: number): WasmMemory | null {
  const pages = Math.min(Math.ceil(bytes / pageBytes), pageBytes)
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

export function instantiate(code: Uint8Array, memory: WasmMemory): WasmExports {
  return new WebAssembly.Instance(new WebAssembly.Module(code), { arena: { memory } }).exports
}
