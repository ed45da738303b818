// Fashion-MNIST for a model small enough to be trained in TypeScript: read from Debian's files, shrunk to 14 × 14 by the mean
// of four pixels.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'

export const side = 14
export const pixels = side * side
export const classes = 10

export type Images = {
  readonly count: number
  /** Row after row, `pixels` each, about zero mean and unit variance. */
  readonly values: Float32Array
  readonly labels: Uint8Array
}

const folder = '/usr/share/datasets/fashion-mnist'
const imagesMagic = 0x803
const labelsMagic = 0x801
const sideOnDisk = 28
/** Of the training images, as examples/fashion-mnist uses them too. */
const mean = 73
const deviation = 90

export function readTraining(): Images {
  return read('train')
}

export function readHeldOut(count: number): Images {
  const all = read('t10k')
  return { count, values: all.values.subarray(0, count * pixels), labels: all.labels.subarray(0, count) }
}

function read(name: string): Images {
  const raw = unpacked(`${name}-images-idx3-ubyte.gz`, imagesMagic)
  const labels = unpacked(`${name}-labels-idx1-ubyte.gz`, labelsMagic)
  const count = labels.readUInt32BE(4)
  const source = raw.subarray(16)
  assert(source.length === count * sideOnDisk * sideOnDisk, `${name} has ${source.length} bytes for ${count} images`)
  const values = new Float32Array(count * pixels)
  for (let at = 0; at < values.length; at++) {
    const image = Math.floor(at / pixels)
    const row = Math.floor((at % pixels) / side)
    const first = image * sideOnDisk * sideOnDisk + row * 2 * sideOnDisk + (at % side) * 2
    const sum = source[first]! + source[first + 1]! + source[first + sideOnDisk]! + source[first + sideOnDisk + 1]!
    values[at] = (sum / 4 - mean) / deviation
  }
  return { count, values, labels: new Uint8Array(labels.subarray(8)) }
}

function unpacked(file: string, magic: number): Buffer {
  const path = join(folder, file)
  if (!existsSync(path)) {
    const text = `${path} is not there; install Debian's package dataset-fashion-mnist`
    throw new CloudlessError('unavailable', 'NO_DATA', text)
  }
  const bytes = gunzipSync(readFileSync(path))
  assert(bytes.readUInt32BE(0) === magic, `${path} has magic ${bytes.readUInt32BE(0)}, expected ${magic}`)
  return bytes
}
