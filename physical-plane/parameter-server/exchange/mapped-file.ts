// A file as an ArrayBuffer: mmap through node:ffi. Copying 43 MB out of it takes 2 ms and into it 2 ms, where readSync and
// writeSync take 6 and 5 (the kernel copies page by page). node:ffi is experimental and says so once on standard error;
// where it or mmap is not to be had the answer is null, and the caller reads and writes.
import { assert } from '#runtime/assert.ts'

export type MappedFile = {
  /** Must not be touched after `unmap`, nor where the file was cut short: either ends the process. */
  readonly buffer: ArrayBuffer
  readonly unmap: () => void
}

const signatures = {
  mmap: { arguments: ['uint64', 'uint64', 'int32', 'int32', 'int32', 'int64'], return: 'uint64' },
  munmap: { arguments: ['uint64', 'uint64'], return: 'int32' },
} as const

const readAndWrite = 1 | 2
const mapShared = 1
const mapPopulate = 0x8000
const mapFailed = 2n ** 64n - 1n

/** Maps the first `bytes` of an open file, which must be that long. Linux only: the constants are its own. */
export function mapFile(file: number, bytes: number): MappedFile | null {
  const ffi = process.platform === 'linux' ? process.getBuiltinModule('node:ffi') : undefined
  if (ffi === undefined) return null
  const { lib, functions } = ffi.dlopen(null, signatures)
  const address = functions.mmap(0n, BigInt(bytes), readAndWrite, mapShared | mapPopulate, file, 0n)
  if (address === mapFailed) {
    lib.close()
    return null
  }
  return {
    buffer: ffi.toArrayBuffer(address, bytes, false),
    unmap: () => {
      const result = functions.munmap(address, BigInt(bytes))
      lib.close()
      assert(result === 0, `munmap of ${bytes} bytes answers ${result}`)
    },
  }
}
