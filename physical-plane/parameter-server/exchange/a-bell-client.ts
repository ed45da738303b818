// For tests: a worker's side of the bell and of the shared file, in Node.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { JoinResponse } from '#proto/generated/cloudless/v1/JoinResponse.ts'
import { decodeAnswer, encodeRequest, type BellAnswer, type BellRequest } from './bell-frames.ts'

export class ABellClient {
  readonly socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #isClosed = false
  #wake: () => void = () => {}

  constructor(path: string) {
    this.socket = connect(path)
    this.socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  ring(request: BellRequest): Promise<BellAnswer> {
    this.socket.write(encodeRequest(request))
    return this.answer()
  }

  async answer(): Promise<BellAnswer> {
    for (;;) {
      const found = decodeAnswer(this.#received)
      if (found !== null) {
        this.#received = this.#received.subarray(found.bytes)
        return found.answer
      }
      if (this.#isClosed) throw new Error('the bell was closed before an answer came')
      await this.#more()
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#more()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

export function writeGradient(joined: JoinResponse, values: readonly number[]): void {
  writeAt(String(joined.sharedPath), 0, values)
}

export function writeInitial(joined: JoinResponse, values: readonly number[]): void {
  writeAt(String(joined.sharedPath), Number(joined.parametersOffset), values)
}

export function readParameters(joined: JoinResponse, elements: number): number[] {
  const values = new Float32Array(elements)
  const file = openSync(String(joined.sharedPath), 'r')
  readSync(file, values, 0, values.byteLength, Number(joined.parametersOffset))
  closeSync(file)
  return [...values]
}

function writeAt(path: string, offset: number, values: readonly number[]): void {
  const file = openSync(path, 'r+')
  writeSync(file, Float32Array.from(values), 0, values.length * 4, offset)
  closeSync(file)
}
