// The frames of proto/worker-exchange.md, both directions. The parameter server uses `RequestReader` and
// `encodeAnswer`; the other half serves clients in Node: tests and benchmarks.
import { CloudlessError } from '#runtime/errors.ts'
import { parameterGroupsMax } from '../replica/config.ts'
import { answerTextBytesMax, protocolVersion } from './config.ts'

export type StepRequest = {
  readonly op: 'step'
  readonly leaseId: number
  readonly leaseUsed: number
  readonly samples: number
  readonly loss: number
  readonly learningRates: readonly number[]
}

export type BellRequest =
  | { readonly op: 'hello'; readonly sessionId: string }
  | StepRequest
  | { readonly op: 'pull' }
  | { readonly op: 'initial' }

export type BellStatus = 'done' | 'lease-lost' | 'unknown-session' | 'refused'

export type BellAnswer = {
  readonly status: BellStatus
  readonly version: number
  readonly isOver: boolean
  readonly text: string
}

const magic = 0x4c424c43
const ops = ['hello', 'step', 'pull', 'initial'] as const
const statuses = ['done', 'lease-lost', 'unknown-session', 'refused'] as const
const requestHeadBytes = 64
const answerHeadBytes = 32
const sessionIdBytes = 28
const requestBytesMax = requestHeadBytes + 8 * parameterGroupsMax

/** Puts frames together from whatever pieces the socket delivers. After it threw, the stream makes no sense any more. */
export class RequestReader {
  #pending: Buffer = Buffer.alloc(0)

  add(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes])
  }

  /** The next complete request, or null until more bytes are there. Throws on anything that is no request of ours. */
  next(): BellRequest | null {
    if (this.#pending.length < requestHeadBytes) return null
    const head = this.#pending
    checkProtocol(head)
    const op = ops[head.readUInt16LE(6) - 1]
    if (op === undefined) throw bad(`op ${head.readUInt16LE(6)} is none of 1 to ${ops.length}`)
    const groups = head.readUInt32LE(32)
    if (groups > parameterGroupsMax) throw bad(`${groups} learning rates; at most ${parameterGroupsMax} are supported`)
    const bytes = requestHeadBytes + 8 * groups
    if (head.length < bytes) return null
    this.#pending = head.subarray(bytes)
    return decodeRequest(op, head, groups)
  }

  /** More is waiting than one request: a client that does not wait for answers. */
  get isFlooded(): boolean {
    return this.#pending.length > requestBytesMax
  }
}

export function encodeAnswer({ status, version, isOver, text }: BellAnswer): Buffer {
  const body = Buffer.from(text).subarray(0, answerTextBytesMax)
  const frame = Buffer.alloc(answerHeadBytes + body.length)
  writeProtocol(frame, statuses.indexOf(status))
  frame.writeBigUInt64LE(BigInt(version), 8)
  frame.writeUInt32LE(body.length, 16)
  frame.writeUInt32LE(isOver ? 1 : 0, 20)
  body.copy(frame, answerHeadBytes)
  return frame
}

export function encodeRequest(request: BellRequest): Buffer {
  const rates = request.op === 'step' ? request.learningRates : []
  const frame = Buffer.alloc(requestHeadBytes + 8 * rates.length)
  writeProtocol(frame, ops.indexOf(request.op) + 1)
  frame.writeUInt32LE(rates.length, 32)
  if (request.op === 'hello') frame.write(request.sessionId, 36, sessionIdBytes, 'ascii')
  if (request.op !== 'step') return frame
  frame.writeBigUInt64LE(BigInt(request.leaseId), 8)
  frame.writeUInt32LE(request.leaseUsed, 16)
  frame.writeUInt32LE(request.samples, 20)
  frame.writeDoubleLE(request.loss, 24)
  for (const [index, rate] of rates.entries()) frame.writeDoubleLE(rate, requestHeadBytes + 8 * index)
  return frame
}

/** The answer at the start of `bytes` and its length, or null until it is complete. */
export function decodeAnswer(bytes: Buffer): { readonly answer: BellAnswer; readonly bytes: number } | null {
  if (bytes.length < answerHeadBytes) return null
  checkProtocol(bytes)
  const status = statuses[bytes.readUInt16LE(6)]
  if (status === undefined) throw bad(`status ${bytes.readUInt16LE(6)} is none of 0 to ${statuses.length - 1}`)
  const textBytes = bytes.readUInt32LE(16)
  if (textBytes > answerTextBytesMax) throw bad(`${textBytes} bytes of text; at most ${answerTextBytesMax} may follow`)
  const end = answerHeadBytes + textBytes
  if (bytes.length < end) return null
  const answer = {
    status,
    version: Number(bytes.readBigUInt64LE(8)),
    isOver: (bytes.readUInt32LE(20) & 1) === 1,
    text: bytes.toString('utf8', answerHeadBytes, end),
  }
  return { answer, bytes: end }
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive
function decodeRequest(op: (typeof ops)[number], head: Buffer, groups: number): BellRequest {
  switch (op) {
    case 'hello': {
      const field = head.subarray(36, 36 + sessionIdBytes)
      const end = field.indexOf(0)
      return { op, sessionId: field.toString('latin1', 0, end === -1 ? sessionIdBytes : end) }
    }
    case 'step':
      return {
        op,
        // Beyond 2^53 it is rounded, and then it is no lease that was ever granted.
        leaseId: Number(head.readBigUInt64LE(8)),
        leaseUsed: head.readUInt32LE(16),
        samples: head.readUInt32LE(20),
        loss: head.readDoubleLE(24),
        learningRates: Array.from({ length: groups }, (_, index) => head.readDoubleLE(requestHeadBytes + 8 * index)),
      }
    case 'pull':
    case 'initial':
      return { op }
  }
}

function writeProtocol(frame: Buffer, code: number): void {
  frame.writeUInt32LE(magic, 0)
  frame.writeUInt16LE(protocolVersion, 4)
  frame.writeUInt16LE(code, 6)
}

function checkProtocol(head: Buffer): void {
  const found = head.readUInt32LE(0)
  if (found !== magic) throw bad(`magic is 0x${found.toString(16)}, not 0x${magic.toString(16)}; this is no bell frame`)
  const version = head.readUInt16LE(4)
  if (version === protocolVersion) return
  throw bad(`the frame has protocol version ${version}, this side speaks ${protocolVersion}; install the same release`)
}

function bad(text: string): CloudlessError {
  return new CloudlessError('invalid', 'BAD_BELL_FRAME', text)
}
