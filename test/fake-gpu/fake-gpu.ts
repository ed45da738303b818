// Makes a fake GPU: a file that test/fake-gpu's stand-in of libcuda.so.1 takes for a device. Test equipment: nothing computes
// on it, kernels only take time. The first 192 bytes are as in driver/device.h; the rest is the driver's own, from zeroes.
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { CloudlessError } from '#runtime/errors.ts'

export const fakeGpuModels = ['fifo', 'round-robin', 'processor-sharing'] as const
export type FakeGpuModel = (typeof fakeGpuModels)[number]

export type FakeGpu = {
  readonly path: string
  readonly uuid: string
  readonly name: string
  readonly model: FakeGpuModel
  readonly memoryBytes: number
  readonly multiprocessors: number
  /** Of round robin. */
  readonly quantumUs: number
  /** Time passes only when the one process that uses it waits or sleeps. */
  readonly isVirtual: boolean
  /** Not 0: what every call on the device answers. */
  readonly failure: number
}

const magic = 0x31555047454b4146n
const version = 1
const driverVersion = 13_000
const failureAt = 36
const madeBytes = 192
/** As in driver/device.h, which checks it. Sparse: what is not used takes no room. */
export const fakeGpuFileBytes = 85_557_776

/** The file must not be there yet. The uuid follows from the path unless it is given. */
export function makeFakeGpu(path: string, options: Partial<Omit<FakeGpu, 'path'>> = {}): FakeGpu {
  const gpu: FakeGpu = {
    path,
    uuid: options.uuid ?? uuidOf(path),
    name: options.name ?? 'Fake GPU (test equipment)',
    model: options.model ?? 'fifo',
    memoryBytes: options.memoryBytes ?? 16 * 1024 ** 3,
    multiprocessors: options.multiprocessors ?? 100,
    quantumUs: options.quantumUs ?? 2000,
    isVirtual: options.isVirtual ?? false,
    failure: options.failure ?? 0,
  }
  const bytes = Buffer.alloc(madeBytes)
  bytes.writeBigUInt64LE(magic, 0)
  bytes.writeUInt32LE(version, 8)
  bytes.writeUInt32LE(fakeGpuModels.indexOf(gpu.model), 12)
  bytes.writeBigUInt64LE(BigInt(gpu.memoryBytes), 16)
  bytes.writeUInt32LE(gpu.quantumUs, 24)
  bytes.writeUInt32LE(gpu.multiprocessors, 28)
  bytes.writeUInt32LE(gpu.isVirtual ? 1 : 0, 32)
  bytes.writeUInt32LE(gpu.failure, 36)
  bytes.writeUInt32LE(driverVersion, 40)
  Buffer.from(gpu.uuid.replace(/^GPU-|-/g, ''), 'hex').copy(bytes, 48)
  bytes.write(gpu.name.slice(0, 63), 64, 'latin1')
  const file = openSync(path, 'wx', 0o600)
  try {
    ftruncateSync(file, fakeGpuFileBytes)
    writeSync(file, bytes, 0, madeBytes, 0)
  } finally {
    closeSync(file)
  }
  return gpu
}

export function readFakeGpu(path: string): FakeGpu {
  const bytes = Buffer.alloc(madeBytes)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, madeBytes, 0)
  } finally {
    closeSync(file)
  }
  const model = fakeGpuModels[bytes.readUInt32LE(12)]
  if (bytes.readBigUInt64LE(0) !== magic || bytes.readUInt32LE(8) !== version || model === undefined) {
    throw new CloudlessError('invalid', 'NOT_A_FAKE_GPU', `${path} is no fake GPU of version ${version}`)
  }
  const hex = bytes.toString('hex', 48, 64)
  return {
    path,
    uuid: `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
    name: bytes.toString('latin1', 64, 128).replace(/\0.*$/s, ''),
    model,
    memoryBytes: Number(bytes.readBigUInt64LE(16)),
    quantumUs: bytes.readUInt32LE(24),
    multiprocessors: bytes.readUInt32LE(28),
    isVirtual: bytes.readUInt32LE(32) === 1,
    failure: bytes.readUInt32LE(36),
  }
}

/** From now on every call on the device answers this CUDA error, as when it fell off the bus; 0 mends it. */
export function failFakeGpu(path: string, failure: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(failure)
  const file = openSync(path, 'r+')
  try {
    writeSync(file, bytes, 0, 4, failureAt)
  } finally {
    closeSync(file)
  }
}

function uuidOf(path: string): string {
  const hex = createHash('sha256').update(path).digest('hex')
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
